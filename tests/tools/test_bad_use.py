"""Bad use of the tools: one line that says what to do, and its status."""
import importlib.util
import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from child_process import environment

from meltr_mm.pickled_arrays import RefusedFileError
from meltr_mm.toyworld import write_msvd_qa

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / 'tools'
CONFIG = ROOT / 'configs' / 'toy' / 'meltr_violet_msvdqa.py'
NO_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason='it is there')
ASK = ('--checkpoint', 'x.pth', '--question', 'what?')
FIND = ('--checkpoint', 'x.pth', '--query', 'what?')


@pytest.fixture(scope='module')
def workplace(tmp_path_factory):
    """A folder with data, one checkpoint of a run, and odd files."""
    folder = tmp_path_factory.mktemp('workplace')
    write_msvd_qa(str(folder / 'data' / 'toy' / 'msvd_qa'),
                  sizes=dict(train=8, val=2, test=2))
    torch.save(dict(state_dict={'meltr.a': torch.zeros(1)},
                    meta=dict(cfg='model = dict(meltr=3)')), folder / 'x.pth')
    torch.save(dict(state_dict={'a': torch.zeros(1)}, meta=dict(cfg=3)),
               folder / 'number.pth')
    torch.save(dict(state_dict={'a': torch.zeros(1)},
                    meta=dict(cfg="model = dict(type='Violet', x=3)")),
               folder / 'wrong.pth')
    torch.save({'a': torch.zeros(1)}, folder / 'bare.pth')
    (folder / 'text.pth').write_text('not a checkpoint')
    (folder / 'text.pkl').write_text('not a pickle')
    (folder / 'text.mp4').write_text('not a video')
    return folder


@pytest.fixture
def use(workplace, monkeypatch, capsys):
    """Run a tool; returns its status and what it says last."""

    def run(name, *arguments):
        path = TOOLS / name
        monkeypatch.chdir(workplace)
        monkeypatch.syspath_prepend(path.parent)
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
            # The tools that extract have one `run` for what goes wrong.
            run_it = getattr(module, 'run', lambda main: main())
            status = run_it(module.main)
        except SystemExit as stop:
            status = stop.code
        said = capsys.readouterr().err
        if isinstance(status, str):
            return 1, status
        return status, said.strip().splitlines()[-1] if said else ''

    return run


CASES = {
    'demo: device': ('demo.py', ['a.mp4', *ASK, '--device', 'cuda:9'], 1,
                     "the device 'cuda:9' cannot be used here"),
    'demo: no device': ('demo.py', ['a.mp4', *ASK, '--device', 'gpu'], 1,
                        "the device 'gpu' cannot be used here"),
    'demo: top-k': ('demo.py', ['a.mp4', *ASK, '--top-k', '0'], 2,
                    '--top-k must be at least 1, but is 0'),
    'demo: top-k, text': ('demo.py', ['a.mp4', *ASK, '--top-k', 'x'], 2,
                          "argument --top-k: invalid int value: 'x'"),
    'demo: batch size': ('demo.py', ['a.mp4', *ASK, '--batch-size', '-1'], 2,
                         '--batch-size must be at least 1, but is -1'),
    'demo: nothing': ('demo.py', [], 2, 'or try --example'),
    'demo: no videos': ('demo.py', ASK, 2, 'name one or more videos'),
    'demo: no checkpoint': (
        'demo.py', ['a.mp4', '--checkpoint', 'no.pth', '--question', 'x'], 1,
        'no.pth: there is no such checkpoint'),
    'demo: no checkpoint in it': (
        'demo.py', ['a.mp4', '--checkpoint', 'text.pth', '--question', 'x'],
        1, 'text.pth: must be a checkpoint that a run has written'),
    'demo: no config': ('demo.py', ['a.mp4', *ASK, '--config', 'no.py'], 1,
                        'no.py: there is no such config'),
    'demo: no model in the config': ('demo.py', ['a.mp4', *ASK], 1,
                                     'the config must have a model'),
    'demo: config is a number': (
        'demo.py', ['a.mp4', '--checkpoint', 'number.pth', '--query', 'x'], 1,
        'number.pth: refused: its config must be values only'),
    'demo: wrong options in the config': (
        'demo.py', ['a.mp4', '--checkpoint', 'wrong.pth', '--query', 'x'], 1,
        'no Violet can be built of this config'),
    'sample: batch size': ('analysis/show_sample.py',
                           ['x.pth', '--batch-size', '0'], 2,
                           '--batch-size must be at least 1, but is 0'),
    'sample: split': ('analysis/show_sample.py', ['x.pth', '--split', 'x'], 2,
                      'invalid choice'),
    'sample: config': ('analysis/show_sample.py',
                       ['x.pth', '--config', 'no.py'], 1, 'no.py'),
    'sample: checkpoint': ('analysis/show_sample.py', ['no.pth'], 1,
                           'no.pth: there is no such checkpoint'),
    'plot: smoothing': ('analysis/plot_meltr.py', ['x.pth', '--smoothing',
                                                   '0'], 2,
                        '--smoothing must be at least 1, but is 0'),
    'plot: nothing': ('analysis/plot_meltr.py', ['nowhere'], 1, 'nowhere'),
    'plot: no run': ('analysis/plot_meltr.py', ['data'], 1,
                     'data: the folder of a run must have a log'),
    'plot: no MELTR': ('analysis/plot_meltr.py', ['number.pth'], 1,
                       'number.pth: must be a checkpoint that a run of'),
    'convert: output': ('convert/violet.py', ['bare.pth', 'no/out.pth',
                                              '--to-official'], 1, 'error: '),
    'convert: input': ('convert/violet.py', ['no.pth', 'out.pth'], 1,
                       'no.pth: there is no such file'),
    'parity: input': ('convert/parity.py', ['no.pt'], 2,
                      'no.pt: there is no such file'),
    'parity: weights': ('convert/parity.py', ['bare.pth'], 2,
                        'bare.pth: a parity fixture must be'),
    'features: input': ('data/convert_features.py', ['no.pkl', 'out.npy'], 1,
                        'no.pkl'),
    'features: text': ('data/convert_features.py', ['text.pkl', 'out.npy'], 1,
                       'text.pkl: the file is truncated or is not a pickle'),
    'vq: device': ('data/extract_vq.py', [
        'text.pkl', 'out.pkl', '--weights', 'no.pkl', '--device', 'cuda:9'],
        1, "extract_vq.py: the device 'cuda:9' cannot be used here"),
    'vq: frames': ('data/extract_vq.py', [
        'text.pkl', 'out.pkl', '--stand-in', '--frames', '0'], 2,
        'at least 1'),
    'vq: input': ('data/extract_vq.py', ['no.pkl', 'out.pkl', '--stand-in'],
                  1, 'no.pkl'),
    's3d: device': ('data/extract_s3d.py', [
        '.', 'out.npy', '--weights', 'no.pth', '--device', 'cuda:9'], 1,
        "extract_s3d.py: the device 'cuda:9' cannot be used here"),
    's3d: weights': ('data/extract_s3d.py', [
        '.', 'out.npy', '--weights', 'no.pth', '--device', 'cpu'], 1,
        'extract_s3d.py: no.pth: there is no such file'),
    's3d: batch size': ('data/extract_s3d.py', [
        '.', 'out.npy', '--weights', 'no.pth', '--batch-size', '0'], 2,
        '--batch-size must be at least 1, but is 0'),
    'frames: folder': ('data/extract_frames.py', ['nowhere', 'out.pkl'], 1,
                       'nowhere'),
    'frames: frames': ('data/extract_frames.py', [
        '.', 'out.pkl', '--frames', '0'], 2,
        '--frames must be at least 1, but is 0'),
    'prepare: folder': ('data/prepare.py', [
        'msvd_qa', '--from', 'nowhere', '--to', 'there'], 1, 'nowhere'),
    'unwrap: checkpoint': ('convert/unwrap.py', ['no.pth', 'out.pth'], 1,
                           'no.pth: there is no such file'),
    'unwrap: no folder': ('convert/unwrap.py', ['x.pth', 'no/out.pth'], 1,
                          'no/out.pth: cannot be written'),
    'check: config': ('data/check.py', ['no.py'], 2,
                      'no.py: there is no such config'),
    'toy: clips': ('data/make_toyworld.py', ['--out', 'x', '--clips',
                                             '0', '1', '1'], 2,
                   '--clips must all be at least 1'),
    'toy: size': ('data/make_toyworld.py', ['--out', 'x', '--size',
                                            '33'], 2,
                  '--size must be a multiple of 32'),
    'toy: data set': ('data/make_toyworld.py', ['--out', 'x', '--data',
                                                'x'], 2,
                      'invalid choice'),
}


@pytest.mark.parametrize('case', CASES)
def test_one_line(case, use):
    name, arguments, status, said = CASES[case]
    code, line = use(name, *arguments)
    assert code == status, line
    assert said in line
    assert '\n' not in line and 'Traceback' not in line


@NO_CUDA
def test_device_that_this_machine_has_not(use):
    code, line = use('demo.py', 'a.mp4', *ASK, '--device', 'cuda')
    assert code == 1 and '\n' not in line
    assert line.startswith("the device 'cuda' cannot be used here (")
    assert line.endswith('this machine has cpu and 0 CUDA devices')


@pytest.mark.parametrize('name', ['train.py', 'test.py'])
@pytest.mark.parametrize('error, status', [
    (KeyboardInterrupt(), 130),
    (FileNotFoundError('x.pth can not be found.'), 'x.pth can not be found.'),
    (RefusedFileError('x.pth: refused'), 'x.pth: refused'),
])
def test_stock_scripts(name, error, status, monkeypatch, capsys):
    monkeypatch.syspath_prepend(TOOLS)
    monkeypatch.setattr(sys, 'argv', [name])
    monkeypatch.setattr(sys, 'path', [*sys.path])

    def run_path(*args, **kwargs):
        raise error

    import _stock
    monkeypatch.setattr(_stock.runpy, 'run_path', run_path)
    for rank, lines in (('1', 0), ('0', 1)):
        monkeypatch.setenv('RANK', rank)
        with pytest.raises(SystemExit) as stop:
            _stock.run_stock_script(name)
        assert stop.value.code == status
        said = capsys.readouterr().err.strip()
        if status == 130:
            assert len(said.splitlines()) == lines
    if status == 130:
        assert said.startswith('Interrupted. ') and 'same command' in said


@pytest.mark.parametrize('workers', [0, 1])
def test_interrupted_training(workplace, workers):
    """Ctrl-C, which the terminal sends to all processes of the command."""
    process = subprocess.Popen(
        [sys.executable, '-W', 'ignore', str(TOOLS / 'train.py'), str(CONFIG),
         '--work-dir', f'work{workers}', '--cfg-options',
         'default_hooks.logger.interval=1', 'train_dataloader.batch_size=2',
         f'train_dataloader.num_workers={workers}',
         f'train_dataloader.persistent_workers={bool(workers)}'],
        cwd=workplace, env=environment(ROOT, OMP_NUM_THREADS='1'), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
        # A shell has what it starts with `&` ignore Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL))
    seen = []
    for line in process.stdout:
        seen.append(line)
        if re.search(r'Epoch\(train\)', line):
            os.killpg(process.pid, signal.SIGINT)
            break
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130, ''.join(seen)[-2000:] + error
    assert 'Traceback' not in error
    assert error.strip().splitlines()[-1] == (
        'Interrupted. The same command goes on from the last checkpoint if '
        '--resume is added to it')
