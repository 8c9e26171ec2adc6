"""What ``import meltr_mm`` checks and changes in this process.

:func:`apply` says what is missing of the OpenMMLab packages, then applies the
shims that they need on today's torch and numpy. Each shim is a function that
returns ``True`` when it changed something and ``False`` where it is not
needed; its docstring says what breaks without it, why, and when it can be
deleted. One line on the logger ``meltr_mm`` names those that acted; the
environment variable ``MELTR_MM_SHIMS`` leaves some out, or all.

The list mirrors what was measured for mmengine 0.10, mmcv-lite 2.0 and 2.1
and mmaction2 1.2.0; ``tests/test_compat.py`` shows each failure without its
shim.
"""
import importlib.util
import logging
import multiprocessing
import os
import sys
import warnings
from difflib import get_close_matches
from functools import wraps
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Callable, Dict, List, Sequence

import numpy as np
import torch

_INSTALL = {
    'mmengine': "pip install 'mmengine>=0.10.0,<0.11'",
    'mmcv': "pip install 'mmcv-lite>=2.0.0,<2.2', or the full one with its "
            "compiled operators: mim install 'mmcv>=2.0.0,<2.2'",
    'mmaction': 'pip install mmaction2==1.2.0',
}
_tried: Dict[str, bool] = {}


def apply() -> List[str]:
    """Apply every shim that this environment needs, once per process.

    Returns:
        list[str]: Names of the shims that changed something so far, those of
        :func:`apply_for_meltr` included.

    Raises:
        ImportError: If MMEngine, MMCV or MMAction2 is not installed, or
            transformers and torch do not fit.
        ValueError: If ``MELTR_MM_SHIMS`` names no shim.
    """
    if not _tried:
        _check_installation()
        _check_transformers()
    _run(SHIMS)
    return [name for name, acted in _tried.items() if acted]


def apply_for_meltr() -> None:
    """Apply what only a training with MELTR needs, once per process.

    Until a :class:`~meltr_mm.meltr.MELTRWrapper` is built, other runs that
    happen to import the package write their files as ever.
    """
    _run(MELTR_SHIMS)


def _run(shims: Sequence[Callable[[], bool]]) -> None:
    left_out = _left_out()
    new = [shim for shim in shims if shim.__name__ not in _tried]
    for shim in new:
        _tried[shim.__name__] = shim.__name__ not in left_out and shim()
    acted = [shim.__name__ for shim in new if _tried[shim.__name__]]
    # One line for all processes of a training and their workers.
    if acted and os.environ.get('RANK', '0') == '0' and \
            multiprocessing.current_process().name == 'MainProcess':
        logger = logging.getLogger('meltr_mm')
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
        if not logger.hasHandlers():
            logger.addHandler(logging.StreamHandler())
        logger.info(
            'meltr_mm changed what stock packages do here: %s '
            '(meltr_mm/compat.py says why; MELTR_MM_SHIMS=none, or a list of '
            'names, leaves them out)', ', '.join(acted))


def _left_out() -> List[str]:
    known = [shim.__name__ for shim in (*SHIMS, *MELTR_SHIMS)]
    asked = os.environ.get('MELTR_MM_SHIMS', '').replace(' ', '')
    if asked == 'none':
        return known
    names = [name for name in asked.split(',') if name]
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, 1)
            meant = f'did you mean {close[0]!r}? ' if close else ''
            raise ValueError(
                "MELTR_MM_SHIMS must be 'none', or the names of the shims to "
                f'leave out with commas between, but got {name!r}; {meant}'
                f'there are {known}')
    return names


def _check_installation() -> None:
    for name, command in _INSTALL.items():
        if importlib.util.find_spec(name) is None:
            raise ImportError(
                f'meltr_mm needs {name}, which is not installed. It does not '
                'install it itself, so as not to put it on top of a fork or '
                f'of a build with other operators: {command}')
    versions = {}
    for name in ('opencv-python', 'opencv-contrib-python'):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    if len(set(versions.values())) > 1:
        from mmengine.utils import digit_version

        # The older: the two are not released together.
        wanted = min(versions.values(), key=digit_version)
        warnings.warn(
            f'two versions of OpenCV share the folder cv2: {versions}. Make '
            'them one: pip install --force-reinstall --no-deps '
            f'opencv-python=={wanted} opencv-contrib-python=={wanted}',
            stacklevel=2)


def _check_transformers() -> None:
    try:
        import transformers
        fits = transformers.is_torch_available()
    except AttributeError:  # 4.57 with torch 2.1
        fits = False
    if not fits:
        raise ImportError(
            f"transformers {metadata.version('transformers')} does not work "
            f'with torch {torch.__version__}; older ones do: '
            "pip install 'transformers>=4.28,<4.56'")


def torchvision_ops() -> bool:
    """Declare ``torchvision::nms`` when a CUDA torchvision meets a CPU torch.

    Symptom: every run dies with ``operator torchvision::nms does not exist``
    as soon as anything imports torchvision. Cause: PyPI's torchvision is the
    CUDA one, and its Python half registers fake kernels for operators that
    its CUDA half failed to declare. Once they are declared, everything but
    the compiled operators works. Can go when torchvision tolerates its
    extension not loading.
    """
    if torch.version.cuda or not importlib.util.find_spec('torchvision'):
        return False
    try:
        import torchvision  # noqa: F401
        return False  # a pair that fits: it declares them itself
    except RuntimeError as error:
        if 'torchvision::nms' not in str(error):
            raise
    for name in list(sys.modules):
        if name.partition('.')[0] == 'torchvision':  # half imported
            del sys.modules[name]
    library = torch.library.Library('torchvision', 'FRAGMENT')
    library.define('nms(Tensor dets, Tensor scores, float iou_threshold) '
                   '-> Tensor')
    library.define('qnms(Tensor dets, Tensor scores, float iou_threshold) '
                   '-> Tensor')
    # The declaration lives as long as the library object does.
    torchvision_ops.library = library
    return True


def numpy_names() -> bool:
    """Give back the numpy names that MMAction2 1.2.0 still calls.

    Symptom: ``numpy has no attribute 'in1d'`` in ``RetrievalRecall``,
    ``'trapz'`` in ``ActivityNetAR``, ``'Inf'`` in the pose transforms. Cause:
    removed in numpy 2.0 to 2.4. Can go with an MMAction2 that uses the new
    names.
    """
    replacements = dict(
        in1d=lambda ar1, ar2, **kwargs: np.isin(
            np.ravel(ar1), ar2, **kwargs),
        trapz=getattr(np, 'trapezoid', None),
        Inf=np.inf)
    missing = [name for name in replacements if not hasattr(np, name)]
    for name in missing:
        setattr(np, name, replacements[name])
    return bool(missing)


def drn_stub() -> bool:
    """Stand in for the localizer that the MMAction2 wheel forgot to ship.

    Symptom: ``No module named 'mmaction.models.localizers.drn'`` for every
    config with a model. Cause: the folder has no ``__init__.py`` upstream, so
    the wheel 1.2.0 omits it. Can go when the wheel holds it.
    """
    name = 'mmaction.models.localizers.drn'
    spec = importlib.util.find_spec('mmaction')
    if spec is None or name in sys.modules:
        return False
    root = Path(spec.submodule_search_locations[0])
    if (root / 'models' / 'localizers' / 'drn' / 'drn.py').exists():
        return False

    class DRN(torch.nn.Module):
        """Placeholder: names the missing file when somebody builds it."""

        def __init__(self, *args, **kwargs):
            raise ImportError(
                'DRN is missing from the MMAction2 wheel; install MMAction2 '
                'from source to use it.')

    package, module = ModuleType(name), ModuleType(f'{name}.drn')
    package.__path__ = []
    package.__spec__ = ModuleSpec(name, None, is_package=True)
    module.__spec__ = ModuleSpec(f'{name}.drn', None)
    package.drn = module
    module.DRN = DRN
    sys.modules[package.__name__] = package
    sys.modules[module.__name__] = module
    return True


def vindlu_placeholder() -> bool:
    """Let MMAction2 import without VindLU where VindLU cannot work.

    Symptom: ``No module named 'timm'`` or ``cannot import name
    'apply_chunking_to_forward'`` when ``mmaction.models`` is imported. Cause:
    VindLU needs timm and transformers 4.28 to 4.35; later versions either
    fail to import or tokenise differently without a word. Upstream's own
    switch registers placeholders instead. Can go with a VindLU for
    transformers 5.
    """
    from mmaction.utils import dependency
    if not dependency.WITH_MULTIMODAL or _vindlu_can_run():
        return False
    dependency.WITH_MULTIMODAL = False
    return True


def _vindlu_can_run() -> bool:
    import transformers
    from mmengine.utils import digit_version
    version = digit_version(transformers.__version__)
    return (importlib.util.find_spec('timm') is not None
            and digit_version('4.28') <= version < digit_version('4.36'))


def checkpoint_globals() -> bool:
    """Allow what an MMEngine checkpoint holds under ``weights_only=True``.

    Symptom: ``--resume``, ``load_from`` and ``tools/test.py`` stop with
    ``Weights only load failed``. Cause: torch >= 2.6 loads safely by default,
    and MMEngine 0.10.7 pickles its message hub beside the weights. The names
    of numpy and of ``getattr``, by which that is pickled, are mapped to
    classes that check what they are given. Can go with an MMEngine that names
    its globals itself.
    """
    from .safe_checkpoints import allow_histories
    allow_histories()
    return True


def safe_checkpoints() -> bool:
    """Load checkpoints as data, and say in one sentence what was refused.

    Symptom: before torch 2.6, ``load_from``, ``--resume`` and
    ``tools/test.py`` run whatever is in a checkpoint; from then on torch
    advises, for a hostile one, to run it. MMEngine 0.10.7 also executes
    ``meta['config']`` of what it resumes. Can go when MMEngine does neither.
    """
    from mmengine.runner import checkpoint

    from .safe_checkpoints import load_from_http, load_from_local
    register = checkpoint.CheckpointLoader.register_scheme
    register('', load_from_local, force=True)
    register(('http://', 'https://'), load_from_http, force=True)
    # Also called by name, for `openmmlab://` and the like.
    checkpoint.load_from_http = load_from_http
    return True


def cpu_distributed() -> bool:
    """Let ``--launcher pytorch`` run on a machine without accelerator.

    Symptom: ``torch._C has no attribute '_cuda_setDevice'``, then DDP's
    ``device_ids`` error. Cause: MMEngine selects a CUDA device without
    asking. On a CPU the launcher takes gloo and DDP gets no device ids. Can
    go when MMEngine asks.
    """
    from mmengine.device import get_device
    if get_device() != 'cpu':
        return False
    import torch.distributed as torch_dist
    from mmengine.dist import utils
    from mmengine.model import MMDistributedDataParallel

    def init_dist_pytorch(backend, init_backend='torch', **kwargs):
        torch_dist.init_process_group(
            backend='gloo' if backend == 'nccl' else backend, **kwargs)

    plain_init = MMDistributedDataParallel.__init__

    @wraps(plain_init)
    def init(self, module, *args, **kwargs):
        if all(p.device.type == 'cpu' for p in module.parameters()):
            kwargs['device_ids'] = None
        plain_init(self, module, *args, **kwargs)

    utils._init_dist_pytorch = init_dist_pytorch
    MMDistributedDataParallel.__init__ = init
    return True


def cpu_amp() -> bool:
    """Let ``AmpOptimWrapper`` be built on a CPU, where autocast is bfloat16.

    Symptom: ``AmpOptimizerWrapper is only available training on gpu``. Cause:
    an assertion written before torch had CPU autocast. The gradient scaler
    switches itself off there. Can go when the assertion does.
    """
    from mmengine.device import get_device
    if get_device() != 'cpu':
        return False
    from mmengine.optim.optimizer import amp_optimizer_wrapper
    amp_optimizer_wrapper.is_cuda_available = lambda: True
    return True


def cpu_fused() -> bool:
    """Take ``AdamW(fused=True)`` as ``AdamW`` where the CPU has no fused one.

    Symptom: ``fused=True requires all the params to be floating point Tensors
    of supported devices`` in every toy config. Cause: torch has it for the
    CPU from 2.4 on. Can go with that as the oldest torch.
    """
    from mmengine.device import get_device
    if get_device() != 'cpu' or hasattr(
            torch.serialization, 'add_safe_globals'):  # 2.4, too
        return False
    from mmengine.registry import OPTIMIZERS

    class AdamW(torch.optim.AdamW):
        """torch's, without the option ``fused``."""

        def __init__(self, params, *args, fused=None, **kwargs):
            super().__init__(params, *args, **kwargs)

    OPTIMIZERS.register_module(name='AdamW', module=AdamW, force=True)
    return True


def atomic_checkpoints() -> bool:
    """Write files in one step, and resume from a checkpoint that is whole.

    Symptom: after a run was killed, or the disk was full, while a checkpoint
    was written, ``--resume`` stops with ``failed finding central directory``
    or ``can not be found``, although earlier checkpoints are there. Cause:
    MMEngine writes into the final file and trusts the name in
    ``last_checkpoint``. Can go when it does neither.
    """
    from mmengine.fileio import LocalBackend, io, register_backend
    from mmengine.runner import runner

    from .atomic_checkpoints import AtomicLocalBackend, find_whole_checkpoint
    if runner.find_latest_checkpoint is find_whole_checkpoint:
        return False
    register_backend('local', AtomicLocalBackend, force=True, prefixes='')
    # Those that were used before the registration are kept by MMEngine.
    for key, backend in list(io.backend_instances.items()):
        if type(backend) is LocalBackend:
            del io.backend_instances[key]
    runner.find_latest_checkpoint = find_whole_checkpoint
    return True


def color_jitter() -> bool:
    """Replace MMAction2's ``ColorJitter``, whose hue shift overflows uint8.

    Symptom: ``Python integer -24 out of bounds for uint8`` in a worker, at
    random. Cause: numpy 2 no longer widens the type; before, only a hue of
    about 0.3 or more was wrong, and nothing is changed there. The subclass is
    registered under the same name, so that workers which are spawned find it
    through the pipeline. Can go when upstream computes in a wider type.
    """
    if int(np.__version__.split('.')[0]) < 2:
        return False
    from mmaction.datasets.transforms import ColorJitter as Upstream
    from mmaction.registry import TRANSFORMS

    if Upstream is not TRANSFORMS.get('ColorJitter'):
        return False
    from .color_jitter import ColorJitter
    TRANSFORMS.register_module(
        name='ColorJitter', module=ColorJitter, force=True)
    return True


def mmcv_lite_warning() -> bool:
    """Silence mmcv-lite where it misses an operator that nothing here needs.

    Symptom: each command begins with ``Fail to import
    ``MultiScaleDeformableAttention```` and the advice to install the full
    mmcv. Can go when mmcv-lite stops importing what it leaves out.
    """
    if importlib.util.find_spec('mmcv._ext') or \
            'mmcv.cnn.bricks.transformer' in sys.modules:
        return False
    warnings.filterwarnings(
        'ignore', 'Fail to import ``MultiScaleDeformableAttention``')
    return True


# The warning before mmcv, torchvision before all else: anything may import it.
# The placeholders before `mmaction.models`; ColorJitter last, since it imports
# `mmaction.datasets`.
SHIMS = (mmcv_lite_warning, torchvision_ops, numpy_names, drn_stub,
         vindlu_placeholder, checkpoint_globals, safe_checkpoints,
         cpu_distributed, cpu_amp, cpu_fused, color_jitter)
MELTR_SHIMS = (atomic_checkpoints, )
