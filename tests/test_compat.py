"""Each shim, and the failure that it prevents."""
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from child_process import environment
from warm_process import STOCK_ONLY, run_script

from meltr_mm import compat


def run(code, without='', **settings):
    """Run code where only stock packages are imported, without some shims."""
    with tempfile.NamedTemporaryFile('w', suffix='.py') as file:
        file.write('from meltr_mm import compat\n' + textwrap.dedent(code))
        file.flush()
        return run_script(
            file.name, env=dict(os.environ, **{
                'MELTR_MM_SHIMS': without, **settings}), imported=STOCK_ONLY)


FAILURES = {
    'drn_stub': ('import mmaction.models',
                 "No module named 'mmaction.models.localizers.drn'"),
    'vindlu_placeholder': ('import mmaction.models',
                           "No module named 'timm'|cannot import"),
    'numpy_names': ('import numpy as np; np.in1d([1], [1]); np.trapz([1.]);'
                    'np.Inf', 'numpy'),
    'checkpoint_globals': (
        """
        import tempfile, torch
        from mmengine.logging import MessageHub
        hub = MessageHub.get_instance('x')
        hub.update_scalar('train/loss', 0.5)
        file = tempfile.mktemp()
        torch.save(dict(message_hub=hub.state_dict()), file)
        torch.load(file, weights_only=True)
        """, 'Weights only load failed|Unsupported'),
    'cpu_distributed': (
        """
        import os, torch
        os.environ.update(RANK='0', LOCAL_RANK='0', WORLD_SIZE='1',
                          MASTER_ADDR='127.0.0.1', MASTER_PORT='29517')
        from mmengine.dist import init_dist
        from mmengine.model import MMDistributedDataParallel, BaseModel
        init_dist('pytorch', backend='nccl')
        class Model(BaseModel):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(1, 1)
            def forward(self, *args, **kwargs):
                pass
        MMDistributedDataParallel(module=Model(), device_ids=[0])
        torch.distributed.destroy_process_group()
        """, 'cuda|NVIDIA|device_ids'),
    'cpu_amp': (
        """
        import torch
        from mmengine.optim import AmpOptimWrapper
        layer = torch.nn.Linear(1, 1)
        AmpOptimWrapper(optimizer=torch.optim.SGD(layer.parameters(), 0.1))
        """, 'only available training on gpu'),
}


@pytest.mark.skipif(torch.cuda.is_available(), reason='CPU shims are inert')
@pytest.mark.parametrize('shim', FAILURES)
def test_fails_without_and_works_with(shim):
    code, message = FAILURES[shim]
    if shim not in compat.apply():
        pytest.skip(f'{shim} is not needed in this environment')
    without = run(code, without=shim)
    assert without.returncode != 0
    assert re.search(message, without.stderr), without.stderr[-2000:]
    # This interpreter has the shims.
    exec(textwrap.dedent(code), {})


def test_colour_jitter_overflows_without_and_not_with():
    code = textwrap.dedent("""
        import numpy as np
        from mmaction.registry import TRANSFORMS
        import mmaction.datasets.transforms
        jitter = TRANSFORMS.get('ColorJitter')
        image = np.full((2, 2, 3), 10., np.float32)
        image[..., 0] = 200
        shifted = jitter.adjust_hue(image, -0.1)
        assert shifted.shape == image.shape
        again = jitter.adjust_hue(jitter.adjust_hue(image, 0.1), -0.1)
        assert abs(again - image).max() < 12, again
        """)
    exec(code, {})
    without = run(code, without='color_jitter')
    # numpy 1 has no such error, and the shim does nothing there.
    assert ('OverflowError' in without.stderr) == (np.__version__ >= '2')


def test_second_application_does_nothing():
    assert compat.apply() == compat.apply()
    result = run("""
        first = compat.apply()
        assert first, first
        assert not compat.drn_stub() and not compat.vindlu_placeholder()
        assert not compat.numpy_names() and not compat.color_jitter()
        compat.apply_for_meltr()
        assert compat.apply() == [*first, 'atomic_checkpoints']
        assert not compat.atomic_checkpoints()
        """)
    assert result.returncode == 0, result.stderr


def test_one_line_says_what_was_changed():
    result = run('print(*compat.apply(), sep=", ")')
    line, = (line for line in result.stderr.splitlines()
             if line.startswith('meltr_mm changed'))
    assert f': {result.stdout.strip()} (' in line
    # A worker or another process of the same run does not repeat it.
    other = run('', RANK='1')
    assert 'meltr_mm changed' not in other.stderr


def test_shims_can_be_left_out(monkeypatch):
    first, second, *_ = compat.SHIMS
    monkeypatch.setenv(
        'MELTR_MM_SHIMS', f'{first.__name__}, {second.__name__}')
    assert compat._left_out() == [first.__name__, second.__name__]
    monkeypatch.setenv('MELTR_MM_SHIMS', 'none')
    assert len(compat._left_out()) == len(compat.SHIMS + compat.MELTR_SHIMS)
    monkeypatch.setenv('MELTR_MM_SHIMS', 'drn_stab')
    with pytest.raises(ValueError, match="did you mean 'drn_stub'"):
        compat._left_out()


def test_only_a_meltr_model_changes_how_files_are_written():
    result = run("""
        from mmengine.fileio import get_file_backend
        plain = type(get_file_backend('x.pth', enable_singleton=True))
        from mmaction.registry import MODELS
        from mmengine.model import BaseModel
        class Model(BaseModel):
            loss_names = ('a', 'b')
            def forward(self, inputs, data_samples, mode):
                pass
        MODELS.build(dict(type='MELTRWrapper', model=Model(), losses=['a'],
                          primary='a', meltr=dict(type='MELTR')))
        new = type(get_file_backend('x.pth', enable_singleton=True))
        print(plain.__name__, new.__name__)
        """)
    assert result.stdout.split() == ['LocalBackend', 'AtomicLocalBackend'], (
        result.stderr)


@pytest.mark.parametrize('name', ['mmengine', 'mmcv', 'mmaction'])
def test_a_missing_package_is_named_with_its_command(name, monkeypatch):
    monkeypatch.setattr(
        compat.importlib.util, 'find_spec',
        lambda asked, real=find_spec: None if asked == name else real(asked))
    with pytest.raises(ImportError, match=f'needs {name}.*pip install'):
        compat._check_installation()


def test_importing_the_package_says_what_is_missing():
    hidden = ('from importlib.machinery import PathFinder\n'
              'real = PathFinder.find_spec\n'
              'PathFinder.find_spec = lambda name, *where: (\n'
              "    None if name == 'mmengine' else real(name, *where))\n"
              'import meltr_mm')
    result = subprocess.run([sys.executable, '-c', hidden], text=True,
                            capture_output=True, env=environment())
    last = result.stderr.splitlines()[-1]
    assert last.startswith('ImportError: meltr_mm needs mmengine')


def test_a_transformers_without_torch_is_reported(monkeypatch):
    """As transformers 5 is with a torch before 2.6."""
    monkeypatch.setattr(transformers, 'is_torch_available', lambda: False)
    with pytest.raises(ImportError, match="pip install 'transformers>=4"):
        compat._check_transformers()


def test_two_versions_of_opencv_are_reported(monkeypatch):
    monkeypatch.setattr(
        compat.metadata, 'version',
        lambda name: '5.1.0.95' if 'contrib' in name else '5.0.0.93')
    with pytest.warns(UserWarning, match='opencv-contrib-python==5.0.0.93'):
        compat._check_installation()


def test_missing_localizer_says_so_when_built():
    from mmaction.models.localizers import DRN
    if 'drn_stub' not in compat.apply():
        pytest.skip('this MMAction2 ships DRN')
    with pytest.raises(ImportError, match='from source'):
        DRN()


def test_vindlu_is_a_placeholder_on_new_transformers():
    if compat._vindlu_can_run():
        pytest.skip('VindLU runs here')
    from mmaction.registry import MODELS
    with pytest.raises(ImportError):
        MODELS.build(dict(type='mmaction.VindLURetrieval'))


@pytest.mark.skipif(
    find_spec('mmcv._ext') is not None, reason='needs mmcv-lite')
def test_no_warning_of_an_operator_that_mmcv_lite_leaves_out():
    for prelude, warned in (('', True), ('import meltr_mm; ', False)):
        result = subprocess.run(
            [sys.executable, '-W', 'default', '-c',
             f'{prelude}import mmcv.cnn.bricks.transformer'],
            capture_output=True, text=True, timeout=300)
        found = 'MultiScaleDeformableAttention' in result.stderr
        assert found == warned, result.stderr


def test_a_torchvision_that_fits_is_left_alone(tmp_path):
    """Defining what it registers itself would end the process."""
    (tmp_path / 'torchvision.py').write_text(
        "import torch\n"
        "library = torch.library.Library('torchvision', 'DEF')\n"
        "library.define('nms(Tensor a) -> Tensor')\n")
    file = Path(compat.__file__)
    result = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', textwrap.dedent(f"""
            import sys
            sys.path[:0] = [{str(tmp_path)!r}, {str(file.parent)!r}]
            import compat
            assert not compat.torchvision_ops()
            import torchvision
            print('done')
            """)], capture_output=True, text=True, timeout=300)
    assert 'done' in result.stdout, result.stderr
