"""Every way in for a file of a stranger: one sentence, and nothing is run."""
import functools
import importlib.util
import json
import runpy
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from child_process import environment
from hostile import Runs, write_config, write_pickle, write_weights
from mmengine.model import BaseModel
from mmengine.runner import Runner, load_checkpoint
from warm_process import STOCK_ONLY, run_script

from meltr_mm.apis import VideoQAInferencer, VideoRetrievalInferencer
from meltr_mm.pickled_arrays import RefusedFileError

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / 'tools'
STOCK = Path(
    find_spec('mmaction').submodule_search_locations[0]) / '.mim' / 'tools'
ASKS = r'{}: refused: asks for posix\.system'
CONFIGS = dict(
    code=r'refused: its config must be values only, but line 1 says `import '
         'os`',
    pipeline=r'refused: its config asks for os\.system',
    model=r'refused: its config asks for os\.system')


def main_of(path):
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if hasattr(module, 'run'):  # how the extraction tools call theirs
        return functools.partial(module.run, module.main)
    return module.main


@pytest.fixture(autouse=True)
def nothing_is_run(tmp_path):
    yield
    assert not (tmp_path / 'marker').exists()


def test_the_marker_would_be_there(tmp_path):
    import pickle
    file = Path(write_pickle(tmp_path / 'x.pkl'))
    pickle.loads(file.read_bytes())
    assert (tmp_path / 'marker').exists()
    (tmp_path / 'marker').unlink()


def refused(error, path):
    """The one sentence; it never advises to switch the protection off."""
    text = str(error.value)
    assert text.count(Path(path).name) >= 1 and '\n' not in text
    assert 'weights_only' not in text and 'Traceback' not in text
    return text


# ------------------------------------------------------- configs, as data


@pytest.mark.parametrize('form', CONFIGS)
def test_config_in_a_checkpoint(form, answering, videos, tmp_path):
    bad = write_config(tmp_path / 'bad.pth', answering, form)
    with pytest.raises(RefusedFileError, match=CONFIGS[form]) as error:
        VideoQAInferencer(weights=bad, device='cpu')
    refused(error, bad)
    for tool, arguments in (
        ('demo.py', [videos[0], '--checkpoint', bad, '--question', 'what?']),
        ('analysis/show_sample.py', [bad, '--out', str(tmp_path)]),
    ):
        with pytest.raises(SystemExit, match=CONFIGS[form]) as error:
            main_of(TOOLS / tool)([*arguments, '--device', 'cpu'])
        refused(error, bad)


@pytest.mark.parametrize('form', CONFIGS)
def test_unwrapping_keeps_no_hostile_config(form, answering, tmp_path,
                                            monkeypatch):
    bad = write_config(tmp_path / 'bad.pth', answering, form)
    script = TOOLS / 'convert' / 'unwrap.py'
    monkeypatch.syspath_prepend(script.parent)

    def unwrap(*arguments):
        monkeypatch.setattr(sys, 'argv', [
            'unwrap.py', *arguments, str(tmp_path / 'bare.pth')])
        runpy.run_path(str(script), run_name='__main__')

    with pytest.raises(SystemExit, match=CONFIGS[form]) as error:
        unwrap(bad)
    refused(error, bad)
    assert not (tmp_path / 'bare.pth').exists()
    if form == 'pipeline':  # as the user says
        unwrap('--allow-type', 'os.system', bad)
        assert (tmp_path / 'bare.pth').exists()


def test_a_run_that_is_drawn(tmp_path):
    log = tmp_path / '20260101_000000' / 'vis_data'
    log.mkdir(parents=True)
    (log / 'scalars.json').write_text(
        json.dumps({'a': 1., 'weight/a': 1., 'iter': 1, 'step': 1}))
    (log / 'config.py').write_text(
        f'import os\nos.system("touch {tmp_path / "marker"}")\n')
    with pytest.raises(SystemExit, match='refused: its config must be'):
        main_of(TOOLS / 'analysis' / 'plot_meltr.py')([str(tmp_path)])


def test_data_that_the_config_in_a_checkpoint_names(answering, tmp_path):
    """With names that are all registered, but a pickle to load."""
    content = torch.load(answering, weights_only=True)
    bad = write_pickle(tmp_path / 'annotations.pkl')
    cfg = content['meta']['cfg']
    at = cfg.index('test_dataloader')
    start = cfg.index('dataset=dict(', at) + len('dataset=dict(')
    content['meta']['cfg'] = cfg[:at] + (
        'test_dataloader = dict(dataset=dict(type="PoseDataset", ann_file='
        f'{bad!r}, pipeline=[dict(type="DecordInit"), '
        'dict(type="SampleFramesEvenly", clip_len=2), '
        'dict(type="DecordDecode")]))\n')
    assert start > at
    torch.save(content, tmp_path / 'bad.pth')
    with pytest.raises(SystemExit, match=ASKS.format('.*')):
        main_of(TOOLS / 'analysis' / 'show_sample.py')(
            [str(tmp_path / 'bad.pth'), '--device', 'cpu'])


# ------------------------------------------------------------ weights, ...


def test_calls_in_a_checkpoint(answering, videos, tmp_path):
    content = torch.load(answering, weights_only=True)
    bad = write_weights(tmp_path / 'bad.pth', content)
    for tool, arguments in (
        ('demo.py', [videos[0], '--checkpoint', bad, '--question', 'what?']),
        ('analysis/show_sample.py', [bad]),
        ('analysis/plot_meltr.py', [bad]),
    ):
        with pytest.raises(SystemExit, match=ASKS.format('.*')) as error:
            main_of(TOOLS / tool)(arguments)
        refused(error, bad)


@pytest.mark.parametrize('name', ['violet', 'univl', 'all_in_one', 'unwrap'])
def test_converters(name, tmp_path, monkeypatch):
    bad = write_weights(tmp_path / 'bad.pth')
    if name == 'all_in_one':  # objects beside the weights are left out there
        torch.save(Runs(tmp_path), bad)
    script = TOOLS / 'convert' / f'{name}.py'
    monkeypatch.syspath_prepend(script.parent)
    monkeypatch.setattr(sys, 'argv', [
        script.name, bad, str(tmp_path / 'out.pth')])
    with pytest.raises(SystemExit, match=ASKS.format('.*')) as error:
        runpy.run_path(str(script), run_name='__main__')
    refused(error, bad)
    assert not (tmp_path / 'out.pth').exists()


def test_parity_fixture(tmp_path, capsys):
    bad = write_weights(tmp_path / 'bad.pt', dict(config={}))
    assert main_of(TOOLS / 'convert' / 'parity.py')([bad]) == 2
    assert 'refused: asks for posix.system' in capsys.readouterr().err


def test_encoder_of_codes(tmp_path):
    sys.path.insert(0, str(TOOLS / 'data'))
    from dall_e_file import read_encoder
    bad = write_weights(tmp_path / 'encoder.pkl')
    with pytest.raises(RefusedFileError, match=ASKS.format('.*')):
        read_encoder(bad)


def test_retrieval_index(ranking_videos, videos, tmp_path):
    bad = write_weights(tmp_path / 'bad.index', dict(retrieval_index=1))
    with pytest.raises(RefusedFileError, match=ASKS.format('.*')) as error:
        VideoRetrievalInferencer(
            weights=ranking_videos, index=bad, device='cpu')
    refused(error, bad)
    torch.save(dict(retrieval_index=1, fingerprint='x', weights='y',
                    videos=3, stamps=[], strips=[], features={}), bad)
    with pytest.raises(ValueError, match='must be a retrieval index'):
        VideoRetrievalInferencer(
            weights=ranking_videos, index=bad, device='cpu')


# -------------------------------------------------------- MMEngine's runs


class Tiny(BaseModel):

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x, mode='loss'):
        return dict(loss=(self.w * x).sum())


def runner(folder, **kwargs):
    return Runner(
        Tiny(), str(folder / 'work'),
        train_dataloader=dict(
            dataset=[torch.ones(1)] * 2, batch_size=1,
            sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(by_epoch=True, max_epochs=2),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=.1)),
        default_scope='mmaction', **kwargs)


@pytest.mark.parametrize('resume', [True, False])
def test_load_from_and_resume(tmp_path, resume):
    bad = write_weights(tmp_path / 'bad.pth')
    with pytest.raises(RefusedFileError, match=ASKS.format('.*')) as error:
        runner(tmp_path, load_from=bad, resume=resume).train()
    refused(error, bad)
    with pytest.raises(RefusedFileError, match=ASKS.format('.*')):
        load_checkpoint(Tiny(), bad)


def test_resume_does_not_execute_the_config_of_mmcv_1(tmp_path):
    runner(tmp_path).train()
    saved = torch.load(tmp_path / 'work' / 'epoch_1.pth', weights_only=True)
    saved['meta']['config'] = (
        f'import os\nos.system("touch {tmp_path / "marker"}")\n')
    torch.save(saved, tmp_path / 'bad.pth')
    again = runner(tmp_path, load_from=str(tmp_path / 'bad.pth'), resume=True)
    again.train()
    assert again.epoch == 2


def test_checkpoint_at_an_address(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    fetched = []

    def fetch(url, path, **kwargs):
        fetched.append(url)
        shutil.copy(tmp_path / 'bad.pth', path)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', fetch)
    write_weights(tmp_path / 'bad.pth')
    url = 'https://example.org/models/bad.pth?x=1'
    for _ in range(2):
        with pytest.raises(RefusedFileError, match=ASKS.format('.*')):
            load_checkpoint(Tiny(), url)
    assert fetched == [url]
    torch.save(dict(state_dict=dict(w=torch.ones(1))), tmp_path / 'bad.pth')
    model = Tiny()
    load_checkpoint(model, 'http://example.org/other/good.pth')
    assert model.w.item() == 1


@pytest.mark.parametrize('script', [TOOLS / 'test.py', STOCK / 'test.py'])
def test_testing(script, toy_root, tmp_path):
    bad = write_weights(tmp_path / 'bad.pth')
    config = ROOT / 'configs' / 'toy' / 'meltr_violet_msvdqa.py'
    (tmp_path / 'data' / 'toy').mkdir(parents=True)
    (tmp_path / 'data' / 'toy' / 'msvd_qa').symlink_to(toy_root)
    result = run_script(script, config, bad, cwd=tmp_path,
                        env=environment(ROOT), imported=STOCK_ONLY)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert f'{bad}: refused: asks for posix.system' in last
    assert 'weights_only' not in result.stderr
    if script.parent == TOOLS:
        assert 'Traceback' not in result.stderr


# ----------------------------------------------- features and annotations


def test_feature_pickle_of_the_demo(captioning, tmp_path):
    bad = write_pickle(tmp_path / 'features.pickle')
    with pytest.raises(SystemExit, match=ASKS.format('.*')) as error:
        main_of(TOOLS / 'demo.py')(
            [f'{bad}:video7', '--checkpoint', captioning, '--caption',
             '--device', 'cpu'])
    refused(error, bad)


@pytest.mark.parametrize('tool', ['convert_features', 'extract_vq'])
def test_pickles_of_the_data_tools(tool, tmp_path, monkeypatch):
    bad = write_pickle(tmp_path / 'table.pkl')
    more = ['--stand-in'] if tool == 'extract_vq' else []
    monkeypatch.setattr(sys, 'argv', [
        tool, bad, str(tmp_path / 'out.npy'), *more])
    with pytest.raises(SystemExit, match=ASKS.format('.*')) as error:
        main_of(TOOLS / 'data' / f'{tool}.py')()
    refused(error, bad)


def test_annotation_pickles(toy_feature_root, tmp_path, monkeypatch, capsys):
    """Those of YouCook2 and CMU-MOSI, and the features of both."""
    config = ROOT / 'configs' / 'toy' / 'meltr_univl_youcook2_retrieval.py'
    folder = tmp_path / 'data' / 'toy' / 'youcook2'
    shutil.copytree(toy_feature_root / 'youcook2', folder)
    for file in folder.glob('*.pickle'):
        write_pickle(file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['check.py', str(config)])
    with pytest.raises(SystemExit):
        main_of(TOOLS / 'data' / 'check.py')()
    said = capsys.readouterr().out
    assert 'transcript.pickle: refused: asks for posix.system' in said
    assert not list(folder.glob('marker'))
