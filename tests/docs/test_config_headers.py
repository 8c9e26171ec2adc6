"""Every shipped config opens with its command, its data and its sources."""
import re
from pathlib import Path

from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
FULL = sorted((ROOT / 'configs').glob('meltr_*.py'))
TOY = sorted((ROOT / 'configs' / 'toy').glob('meltr_*.py'))
OFFICIAL = sorted((ROOT / 'configs' / 'official').glob('meltr_*.py'))


def test_configs_open_with_command_data_and_sources():
    """So that a run needs nothing but the file to be understood."""
    for file in FULL + TOY:
        check_header(file)


def test_memory_is_that_of_the_table():
    numbers = {}
    for cell, *row in re.findall(
            r'^\| (`.*`) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$',
            (ROOT / 'docs' / 'costs.md').read_text(), re.M):
        numbers.update(dict.fromkeys(re.findall('`(.*?)`', cell), row))
    for file in FULL + OFFICIAL:
        name = file.relative_to(ROOT / 'configs').with_suffix('').as_posix()
        batch, _, update, meta = numbers.pop(name.replace('meltr_', ''))
        assert (f'Memory (docs/costs.md): {update} GiB of tensors in an update'
                f' of {batch} per GPU, {meta} in one with a meta step'
                ) in ' '.join(lines_of(file)), file
        cfg = Config.fromfile(str(file))
        assert cfg.train_dataloader.batch_size == int(batch), file
    assert not numbers


def lines_of(file):
    comment = re.match(r'(#.*\n)+', file.read_text()).group()
    return [re.sub('^# ?', '', line) for line in comment.splitlines()]


def check_header(file):
    path = file.relative_to(ROOT)
    lines = lines_of(file)
    header = ' '.join(' '.join(lines).split())
    commands = [line.strip() for line in lines if line.startswith('  ')]
    assert f'python tools/train.py {path}' in commands[:2]
    if file in TOY:
        assert commands[0].startswith(
            'python tools/data/make_toyworld.py --out data/toy')
        assert f'The twin of configs/{file.name}' in header
        return
    where = re.search(r'Data: (data/\w+/)', header)
    assert where, 'say which folder holds the data'
    assert re.search(r'docs/data/\w+\.md', header), (
        'say where it is written what is in it')
    assert re.search(r'Weights: .*python tools/convert/\w+\.py', header)
    assert 'load_from=' in header
    assert 'Paper' in header
    assert 'A whole run: ' in header
    if (ROOT / 'configs' / 'official' / file.name).exists():
        assert 'configs/official' in header
    assert 'Hyper-parameters' in header or 'our choice' in header
