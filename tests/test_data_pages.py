"""The pages about data name configs and tools that exist."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / 'docs' / 'data').glob('*.md'))


def test_commands_and_paths():
    for page in PAGES:
        named = re.findall(r'(?:tools|configs)/[\w/]+\.py', page.read_text())
        assert 'tools/data/check.py' in named, page
        for path in named:
            assert (ROOT / path).is_file(), f'{page}: {path}'


BASES = (
    ('youcook2', 'youcook2_univl'), ('msrvtt', 'msrvtt_univl'),
    ('cmu_mosi', 'mosi_univl'), ('msvd_qa', 'msvd_qa_violet'),
    ('msvd_qa', 'msvd_qa_all_in_one'), ('msrvtt', 'msrvtt_mc_all_in_one'),
    ('msrvtt', 'msrvtt_retrieval_all_in_one'),
    ('msrvtt', 'msrvtt_qa_all_in_one'), ('tgif_qa', 'tgif_action_violet'),
    ('tgif_qa', 'tgif_transition_violet'), ('tgif_qa', 'tgif_frame_violet'),
    ('tgif_qa', 'tgif_action_all_in_one'),
    ('tgif_qa', 'tgif_transition_all_in_one'),
    ('tgif_qa', 'tgif_frame_all_in_one'))


def test_every_file_of_a_config_is_on_its_page():
    for page, base in BASES:
        config = ROOT / 'configs' / '_base_' / 'datasets' / f'{base}.py'
        files = re.findall(r"[\w.-]+\.(?:csv|jsonl?|pickle|pkl|txt)(?=')",
                           config.read_text())
        text = (ROOT / 'docs' / 'data' / f'{page}.md').read_text()
        assert files, base
        for file in files:
            assert file in text, f'{page}: {file}'
