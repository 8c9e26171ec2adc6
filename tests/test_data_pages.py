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


PAGE_OF = dict(
    youcook2='youcook2', msrvtt='msrvtt', mosi='cmu_mosi', msvdqa='msvd_qa',
    tgif='tgif_qa')


def test_every_file_of_a_config_is_on_its_page():
    for config in sorted((ROOT / 'configs').glob('meltr_*.py')):
        page, = (page for name, page in PAGE_OF.items()
                 if f'_{name}' in config.name)
        files = re.findall(r"[\w.-]+\.(?:csv|jsonl?|pickle|pkl|txt)(?=')",
                           config.read_text())
        text = (ROOT / 'docs' / 'data' / f'{page}.md').read_text()
        assert files, config
        for file in files:
            assert file in text, f'{page}: {file}'
