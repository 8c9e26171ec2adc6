"""Making a trained checkpoint small enough for the package."""
import importlib.util
import runpy
import sys
from pathlib import Path

import pytest
import torch

from meltr_mm.datasets.transforms.tokenizing import load_tokenizer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool(monkeypatch):
    """tools/data/make_examples.py, which runs other tools in this process."""
    path = ROOT / 'tools' / 'data' / 'make_examples.py'
    spec = importlib.util.spec_from_file_location('make_examples', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(script, *arguments):
        script = ROOT / 'tools' / script
        with monkeypatch.context() as patch:
            patch.setattr(sys, 'path', [str(script.parent), *sys.path])
            patch.setattr(sys, 'argv', [str(script), *map(str, arguments)])
            runpy.run_path(str(script), run_name='__main__')

    monkeypatch.setattr(module, 'run', run)
    return module


def test_export(tool, tmp_path, monkeypatch):
    monkeypatch.setenv('MELTR_DATA', str(tmp_path / 'mine'))
    root = tmp_path / 'mine' / 'toy' / 'x'
    root.mkdir(parents=True)
    (root / 'a.csv').write_text('video,question,answer,split\n'
                                'zebra,a red ball?,yes,train\n')
    config = tmp_path / 'config.py'
    config.write_text(
        "data_root = '{{$MELTR_DATA:data}}/toy/x'\n"
        "train_set = dict(type='CsvVideoTextDataset', task='qa',\n"
        "    ann_file='a.csv', data_root=data_root, data_prefix=None)\n"
        "tokenizer = 'minilm'\nwork_dir = './work_dirs/x'\n")
    words = torch.randn(30522, 4)
    state = {'model.word_embeddings.weight': words,
             'model.bias': torch.arange(30522.),
             'model.position': torch.arange(3),
             'model.layer.weight': torch.randn(2, 2),
             'meltr.fc1.weight': torch.zeros(3)}
    (tmp_path / 'run').mkdir()
    checkpoint = tmp_path / 'run' / 'epoch_1.pth'
    torch.save(dict(state_dict=state, meta=dict(
        cfg=f"data_root = '{root}'\nwork_dir = '{tmp_path}/run'\n")),
        checkpoint)
    output = tmp_path / 'small.pth'
    tool.export(checkpoint, config, output)

    # Compressed, and yet what torch loads.
    assert output.stat().st_size < 2e4
    content = torch.load(output, weights_only=True)
    assert content['meta'] == dict(
        cfg="data_root = 'data/toy/x'\nwork_dir = './work_dirs/x'\n")
    small = content['state_dict']
    assert small.keys() == {'word_embeddings.weight', 'bias', 'position',
                            'layer.weight'}
    assert torch.equal(small['layer.weight'],
                       state['model.layer.weight'].half())
    assert torch.equal(small['position'], torch.arange(3))
    ids = load_tokenizer('minilm')('[PAD] [MASK] a red ball?')['input_ids']
    read = small['word_embeddings.weight']
    assert torch.equal(read[ids], words[ids].half())
    unread = [number for number in range(30522) if number not in
              {*ids, *load_tokenizer('minilm').all_special_ids}]
    mean = words[unread].mean(0).half()
    assert torch.equal(read[unread], mean.expand(len(unread), 4))
    first = output.read_bytes()
    tool.export(checkpoint, config, output)
    assert output.read_bytes() == first


def test_unknown_name(tool, capsys):
    with pytest.raises(SystemExit):
        tool.main(['vindlu'])
    assert "there is no example 'vindlu', only ['violet', 'univl', " \
        "'univl_captions', 'all_in_one']" in capsys.readouterr().err
