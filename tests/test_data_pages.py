"""The pages about data: configs and tools that exist, and addresses."""
import re
from pathlib import Path

import pytest

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


DRIVE = 'https://drive.google.com/'
VIOLETS = f'{DRIVE}drive/folders/1BisJHVUOLeHWmnAeMrCHvy1BP9XBXNkQ'
UNIVLS = 'https://github.com/microsoft/UniVL/releases/download/v0/'
DALL_E = {'https://cdn.openai.com/dall-e/encoder.pkl': 'encoder.pkl'}
S3D = {'https://www.rocq.inria.fr/cluster-willow/amiech/howto100m/'
       's3d_howto100m.pth': 's3d_howto100m.pth'}
TSUJUIFU = 'https://github.com/tsujuifu/pytorch_violet'
# Page -> address as the authors' READMEs give it -> what it has. Nothing is
# fetched here: that an address is alive this cannot tell.
ADDRESSES = {
    'README.md': {
        f'{DRIVE}file/d/1RLbthdRIflxCFjRTcVV5jQJGP30_lNfg':
        'ckpt_violet_pretrain.pt',
        f'{DRIVE}drive/folders/1au5q_pKxVZ8D-2N_2flVsGwlthpFtYRo':
        'ckpt_violet_msvd-qa.pt',
        f'{UNIVLS}univl.pretrained.bin': 'univl.pretrained.bin',
        f'{DRIVE}file/d/1Yd2lKppaduqG_RO1gCA6OpAfB0_IXDoX':
        'all-in-one-plus-224.ckpt', **DALL_E, **S3D},
    'data/msvd_qa.md': {
        'https://github.com/xudejing/video-question-answering':
        'train_qa.json', VIOLETS: 'txt_msvd-qa.json',
        'https://www.cs.utexas.edu/users/ml/clamp/videoDescription/'
        'YouTubeClips.tar': 'clips', TSUJUIFU: None, **DALL_E},
    'data/tgif_qa.md': {
        'https://github.com/YunseokJANG/tgif-qa': '_question.csv',
        f'{DRIVE}file/d/11wdvsTYIPcSTRMVry1tufILiNE4aAMp5': 'frames',
        VIOLETS: 'txt_tgif-', TSUJUIFU: None, **DALL_E},
    'data/msrvtt.md': {
        f'{UNIVLS}msrvtt.zip': 'msrvtt_videos_features.pickle',
        f'{DRIVE}drive/folders/1akmVjM6vcjlwuQj7oIN9T_Gtb0bvr5iV':
        'MSRVTT_transcript_data_v2.json',
        f'{DRIVE}drive/folders/1rVnRBZ45g96TlTnxbFBBP2AVfOB-Tf3J':
        'train_7k.json',
        f'{DRIVE}drive/folders/1nXWGRKjm6fwYly4YCgdKu7XtV2IXGUix':
        'train_list_7k.txt',
        'https://www.robots.ox.ac.uk/~maxbain/frozen-in-time/data/'
        'MSRVTT.zip': 'MSR_VTT.json', VIOLETS: 'img_msrvtt.pkl',
        'https://github.com/showlab/all-in-one': 'msrvtt_mc_test.jsonl',
        TSUJUIFU: None, **DALL_E, **S3D},
    'data/youcook2.md': {
        f'{UNIVLS}youcookii.zip': 'features',
        'http://youcook2.eecs.umich.edu': 'data set',
        'https://huggingface.co/datasets/morpheushoc/youcook2': None, **S3D},
    'data/cmu_mosi.md': {
        'https://github.com/thuiar/MMSA': 'unaligned_50.pkl', **S3D},
}


@pytest.mark.parametrize('page', ADDRESSES)
def test_addresses_are_those_that_the_authors_give(page):
    text = (ROOT / 'docs' / page).read_text()
    wanted = ADDRESSES[page]
    found = set(re.findall(r'https?://[^\s)>]+', text))
    assert {address for address in found if '127.0.0.1' not in address
            } == set(wanted)
    rows = [line for line in text.splitlines() if line.startswith('|')]
    for address, file in wanted.items():
        assert file is None or any(
            f'{address})' in row and file in row or
            f'<{address}>' in row and file in row for row in rows), address
    # A link of Google's shows the id that it leads to.
    for shown, address in re.findall(r'\[`(1[\w-]+)`\]\((\S+)\)', text):
        assert address.endswith(f'/{shown}')
