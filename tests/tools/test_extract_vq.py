import base64
import io
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from meltr_mm.datasets.video_tables import load_code_table
from meltr_mm.models.violet.dvae_encoder import DVAEEncoder

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'data'))

import extract_vq  # noqa: E402
from dall_e_file import read_encoder  # noqa: E402
from extraction import run  # noqa: E402


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(0)
    table = {}
    for name in 'abc':
        table[name] = []
        for _ in range(2):
            pixels = rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, 'JPEG')
            table[name].append(base64.b64encode(buffer.getvalue()).decode())
    path = tmp_path / 'img_x.pkl'
    path.write_bytes(pickle.dumps(table))
    return str(path)


def fake_package():
    """Modules with the names of the package, as its pickles refer to them."""
    encoder = types.ModuleType('dall_e.encoder')
    utils = types.ModuleType('dall_e.utils')
    for module, names in ((encoder, ('Encoder', 'EncoderBlock')),
                          (utils, ('Conv2d', ))):
        for name in names:
            setattr(module, name, type(name, (nn.Module, ), dict(
                __module__=module.__name__)))
    return {'dall_e': types.ModuleType('dall_e'), 'dall_e.encoder': encoder,
            'dall_e.utils': utils}


@pytest.fixture
def encoder_file(tmp_path, monkeypatch):
    """A small encoder, pickled whole as the published one.

    Names and attributes are those of the classes in openai/DALL-E.
    """
    torch.manual_seed(0)
    ours = DVAEEncoder(width=4, num_codes=30)
    package = fake_package()
    for name, module in package.items():
        monkeypatch.setitem(sys.modules, name, module)

    def conv(source):
        module = package['dall_e.utils'].Conv2d()
        module.n_out, module.n_in, module.kw, _ = source.weight.shape
        module.use_float16, module.requires_grad = True, False
        module.device = torch.device('cpu')
        module.w, module.b = source.weight, source.bias
        return module

    blocks = nn.Sequential()
    blocks.add_module('input', conv(ours.stem))
    for g, group in enumerate(ours.groups, 1):
        part = nn.Sequential()
        for b, source in enumerate(group, 1):
            block = package['dall_e.encoder'].EncoderBlock()
            block.id_path = (conv(source.skip) if isinstance(
                source.skip, nn.Conv2d) else nn.Identity())
            block.res_path = nn.Sequential()
            for i in range(1, 5):
                block.res_path.add_module(f'relu_{i}', nn.ReLU())
                block.res_path.add_module(f'conv_{i}',
                                          conv(source.residual[2 * i - 1]))
            part.add_module(f'block_{b}', block)
        part.add_module('pool', nn.MaxPool2d(2))
        blocks.add_module(f'group_{g}', part)
    blocks.add_module('output', nn.Sequential())
    blocks.output.add_module('relu', nn.ReLU())
    blocks.output.add_module('conv', conv(ours.head[1]))
    whole = package['dall_e.encoder'].Encoder()
    whole.blocks = blocks
    torch.save(whole, tmp_path / 'encoder.pkl')
    for name in package:
        monkeypatch.delitem(sys.modules, name)
    return str(tmp_path / 'encoder.pkl'), ours


def extract(monkeypatch, *argv):
    monkeypatch.setattr(sys, 'argv', ['extract_vq.py', *map(str, argv),
                                      '--size', '96', '--workers', '0'])
    run(extract_vq.main)


def test_codes_of_a_pickled_encoder(encoder_file, images, tmp_path,
                                    monkeypatch):
    path, ours = encoder_file
    extract(monkeypatch, images, tmp_path / 'x_vq.pkl', '--weights', path,
            '--device', 'cpu', '--batch-size', '3')
    table = load_code_table(str(tmp_path / 'x_vq.pkl'))
    assert sorted(table) == ['a', 'b', 'c']
    image = Image.open(io.BytesIO(base64.b64decode(
        pickle.loads(Path(images).read_bytes())['b'][1])))
    square = Image.new('RGB', (128, 128))
    square.paste(image, (0, 16))
    pixels = np.asarray(square.resize((24, 24), Image.BILINEAR))
    pixels = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None] / 255
    assert table['b'].shape == (2, 3, 3) and table['b'].dtype == np.int16
    assert np.array_equal(table['b'][1], ours.encode(pixels)[0])


def test_both_forms_of_the_output(images, tmp_path, monkeypatch):
    for name in ('x_vq.npy', 'x_vq.pkl'):
        extract(monkeypatch, images, tmp_path / name, '--stand-in')
    mapped, table = (load_code_table(str(tmp_path / name))
                     for name in ('x_vq.npy', 'x_vq.pkl'))
    assert list(mapped) == list(table) == ['a', 'b', 'c']
    for name in table:
        assert np.array_equal(table[name], mapped[name])


def test_wrong_files(tmp_path, monkeypatch):
    for content, message in ((b'', 'truncated or is not a pickle'),
                             (pickle.dumps({}), 'there is no video')):
        (tmp_path / 'x.pkl').write_bytes(content)
        with pytest.raises(SystemExit, match=message):
            extract(monkeypatch, tmp_path / 'x.pkl', tmp_path / 'y.pkl',
                    '--stand-in')
    with pytest.raises(SystemExit, match='nothing.pkl: there is no such'):
        extract(monkeypatch, tmp_path / 'x.pkl', tmp_path / 'y.pkl',
                '--weights', tmp_path / 'nothing.pkl')


def test_a_state_dict_does_as_well(encoder_file, tmp_path):
    path, _ = encoder_file
    weights = read_encoder(path)
    torch.save(weights, tmp_path / 'weights.pkl')
    again = read_encoder(str(tmp_path / 'weights.pkl'))
    assert set(again) == set(weights)
    assert 'blocks.group_2.block_1.id_path.w' in weights


@pytest.mark.parametrize('content, options', [
    (pytest.raises, {}),
    # Whole modules were saved with their source before torch 1.6.
    (nn.ReLU(), dict(_use_new_zipfile_serialization=False)),
])
def test_foreign_classes_are_not_loaded(tmp_path, content, options):
    torch.save(content, tmp_path / 'encoder.pkl', **options)
    with pytest.raises(ValueError, match='encoder.pkl: (refused: asks for|'
                       'cannot be read as|must hold).*the DALL-E'):
        read_encoder(str(tmp_path / 'encoder.pkl'))
    with pytest.raises(ValueError, match='no such file'):
        read_encoder(str(tmp_path / 'nothing.pkl'))
