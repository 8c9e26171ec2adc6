"""Reading a checkpoint of a run, and the config that is in it."""
from pathlib import Path
from typing import Any, Dict, Sequence, Union

from mmengine.config import Config
from torch import Tensor, nn

from ..pickled_arrays import RefusedFileError
from ..safe_checkpoints import load_torch_file
from .config_data import parse_config


def load_run_checkpoint(path: Union[str, Path]) -> Dict[str, Any]:
    """Load what MMEngine's checkpoint hook writes, without running it.

    Args:
        path (str | Path): The file.

    Returns:
        dict: ``state_dict``, ``meta`` and the rest, on the CPU.

    Raises:
        FileNotFoundError: If there is no such file.
        RefusedFileError: If it asks for more than tensors, plain values and
            MMEngine's history.
        ValueError: If it is no checkpoint.
    """
    if Path(path).is_dir():
        raise FileNotFoundError(
            f'{path}: is a folder; name a checkpoint in it, such as '
            f'{Path(path) / "best_*.pth"} or the one in last_checkpoint')
    if not Path(path).is_file():
        raise FileNotFoundError(f'{path}: there is no such checkpoint')
    try:
        checkpoint = load_torch_file(path)
    except RefusedFileError:
        raise
    except ValueError:
        checkpoint = None
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise ValueError(
            f'{path}: must be a checkpoint that a run has written (epoch_*.pth'
            ' in its work directory), or one of tools/convert/unwrap.py, but '
            'is something else or was cut short')
    return checkpoint


def config_in(checkpoint: Dict[str, Any],
              path: Union[str, Path],
              allow: Union[str, Sequence[str]] = (),
              part: str = '') -> Config:
    """Read the config out of a checkpoint, as data.

    Args:
        checkpoint (dict): What :func:`load_run_checkpoint` returns.
        path (str | Path): Its name, for messages.
        allow (str | Sequence[str]): What it may ask for beside registered
            names; see :func:`~meltr_mm.apis.config_data.parse_config`.
            Defaults to nothing.
        part (str): What is going to be used of it; likewise. Defaults to
            '': all.

    Returns:
        Config: The config that the run was started with.

    Raises:
        RefusedFileError: If it is more than data, or asks for more.
        ValueError: If there is none in it.
    """
    meta = checkpoint.get('meta')
    text = meta.get('cfg') if isinstance(meta, dict) else None
    if not text:
        raise ValueError(
            f'{path}: there is no config in this checkpoint, which was '
            'converted or exported; give the config as well')
    return parse_config(text, path, allow, part)


def load_weights(model: nn.Module, checkpoint: Dict[str, Any],
                 path: Union[str, Path]) -> None:
    """Load a bare model from a checkpoint of it, or of its MELTRWrapper.

    Args:
        model (nn.Module): The bare model.
        checkpoint (dict): What :func:`load_run_checkpoint` returns.
        path (str | Path): Its name, for messages.

    Raises:
        ValueError: If it belongs to another model or to other sizes; the
            message names a weight.
    """
    weights: Dict[str, Tensor] = checkpoint['state_dict']
    if any(name.startswith('meltr.') for name in weights):
        weights = {
            name[len('model.'):]: value
            for name, value in weights.items() if name.startswith('model.')
        }
    own = model.state_dict()
    wrong = [f'{name} is not in the checkpoint'
             for name in own if name not in weights]
    wrong += [f'{name} is not in the model'
              for name in weights if name not in own]
    wrong += [
        f'{name} is {tuple(weights[name].shape)} in the checkpoint and '
        f'{tuple(value.shape)} in the model' for name, value in own.items()
        if name in weights and weights[name].shape != value.shape
    ]
    if wrong:
        raise ValueError(
            f'{path}: checkpoint and config must belong together, but '
            f'{len(wrong)} weights of {type(model).__name__} differ: '
            f'{wrong[0]}. Give the config that this checkpoint was trained '
            'with, or none if the checkpoint has its own')
    model.load_state_dict(weights)
