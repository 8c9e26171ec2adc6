"""Each shim, and the failure that it prevents, in fresh interpreters."""
import pickle
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from meltr_mm import compat


def run(code, without=None):
    """Run code in a new interpreter, with one shim left out."""
    if without:
        prelude = textwrap.dedent(f"""
            import importlib.util, sys
            spec = importlib.util.find_spec('meltr_mm')
            file = spec.submodule_search_locations[0] + '/compat.py'
            spec = importlib.util.spec_from_file_location(
                'meltr_mm_compat', file)
            compat = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(compat)
            compat.SHIMS = tuple(
                s for s in compat.SHIMS
                if s.__name__ not in ('{without}', 'color_jitter',
                                      'whole_files'))
            compat.apply()
            """)
    else:
        prelude = 'import meltr_mm\n'
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-c',
         prelude + textwrap.dedent(code)],
        capture_output=True, text=True, timeout=300)


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
        """, 'Weights only load failed'),
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
    without = run(code, without='nothing')  # color_jitter is left out
    # numpy 1 has no such error, and the shim does nothing there.
    assert ('OverflowError' in without.stderr) == (np.__version__ >= '2')


def test_second_application_does_nothing():
    assert compat.apply() == compat.apply()
    result = run("""
        from meltr_mm import compat
        first = compat.apply()
        assert first, first
        assert not compat.drn_stub() and not compat.vindlu_placeholder()
        assert not compat.numpy_names() and not compat.color_jitter()
        assert not compat.whole_files()
        """)
    assert result.returncode == 0, result.stderr


def test_checkpoints_may_not_look_up_anything_else(tmp_path):

    class Crafted:

        def __reduce__(self):
            return getattr, (torch.Tensor, 'tofile')

    torch.save(Crafted(), tmp_path / 'crafted.pth')
    with pytest.raises((AttributeError, pickle.UnpicklingError),
                       match='HistoryBuffer|tofile'):
        torch.load(tmp_path / 'crafted.pth', weights_only=True)
    with pytest.raises(AttributeError, match='public'):
        compat._history_attribute(HistoryBuffer, '__class__')


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
