"""Reading a checkpoint of a run, and the config that is in it."""
from pathlib import Path
from typing import Any, Dict, Union

import torch
from mmengine.config import Config


def load_run_checkpoint(path: Union[str, Path]) -> Dict[str, Any]:
    """Load what MMEngine's checkpoint hook writes, without running it.

    Args:
        path (str | Path): The file.

    Returns:
        dict: ``state_dict``, ``meta`` and the rest, on the CPU.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no checkpoint.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'{path}: there is no such checkpoint')
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except Exception:  # of many kinds, and torch advises to load it unsafely
        checkpoint = None
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise ValueError(
            f'{path}: must be a checkpoint that a run has written (epoch_*.pth'
            ' in its work directory), or one of tools/convert/unwrap.py, but '
            'is something else or was cut short')
    return checkpoint


def config_in(checkpoint: Dict[str, Any], path: Union[str, Path]) -> Config:
    """Read the config out of a checkpoint.

    Args:
        checkpoint (dict): What :func:`load_run_checkpoint` returns.
        path (str | Path): Its name, for messages.

    Returns:
        Config: The config that the run was started with.

    Raises:
        ValueError: If there is none in it.
    """
    text = checkpoint.get('meta', {}).get('cfg')
    if not text:
        raise ValueError(
            f'{path}: there is no config in this checkpoint, which was '
            'converted or exported; give the config as well')
    return Config.fromstring(text, '.py')
