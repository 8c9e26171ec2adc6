"""Checkpoints that a MELTRWrapper can load: its own, and the bare model's."""
import logging

from mmengine.logging import print_log
from torch import nn


def fit_checkpoint(wrapper: nn.Module, state_dict: dict, prefix: str) -> None:
    """Change a state so that a MELTRWrapper can load it, or say why not.

    Weights of the bare model get the names that they have in the wrapper.
    MELTR is loaded whole or not at all: one that differs is taken out.

    Args:
        wrapper (nn.Module): Has the parts ``model`` and ``meltr``.
        state_dict (dict): The state.
        prefix (str): Of the wrapper's names in it.

    Raises:
        RuntimeError: If nothing of the model is in it.
    """
    own = {prefix + k: v.shape for k, v in wrapper.state_dict().items()}
    phi = f'{prefix}meltr.'
    if not any(k.startswith(phi) for k in state_dict):
        bare = {k: f'{prefix}model.{k[len(prefix):]}' for k in state_dict}
        if len(own.keys() & bare.values()) > len(own.keys() & set(bare)):
            for old, new in bare.items():
                state_dict[new] = state_dict.pop(old)
    given = {k: getattr(v, 'shape', None) for k, v in state_dict.items()
             if k.startswith(prefix)}
    fitting = {k for k in own if given.get(k) == own[k]}
    given_phi = {k for k in given if k.startswith(phi)}
    misfits = {k for k in own.keys() | given_phi if k.startswith(phi)}
    misfits -= fitting
    if misfits and given_phi:
        for key in given_phi:
            del state_dict[key]
        print_log(
            'MELTR starts anew: the one in the checkpoint is another '
            f'({min(misfits)} differs)', 'current', logging.WARNING)
    weights = {k for k in own if not k.startswith(phi)}
    _check_fit(wrapper.model, weights, fitting & weights, given)


def _check_fit(model: nn.Module, weights: set, fitting: set,
               given: dict) -> None:
    """Say so if little of a model is in a checkpoint, or nothing."""
    # A part of the model, such as its backbone, is as good as for itself.
    if 2 * len(fitting) >= min(len(weights), len(given)):
        return
    key = min(set(given) - fitting, default='(none)')
    message = (f'only {len(fitting)} of the {len(weights)} tensors of '
               f'{type(model).__name__} are in this checkpoint with their '
               f'shape; it has {key!r}, for example')
    if not fitting:
        raise RuntimeError(
            f'{message}. Give the checkpoint that was trained with this '
            'config, or convert official weights with tools/convert/')
    print_log(f'{message}. The others keep their start', 'current',
              logging.WARNING)
