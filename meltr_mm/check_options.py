"""Checks of what a config gives, with errors that name the option."""
import math
import numbers
from collections.abc import Mapping
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any, Dict, Optional, Sequence


def check_whole(name: str, value: Any, least: Optional[int] = 1) -> None:
    """Check a whole number.

    Args:
        name (str): Name of the option.
        value (Any): What was given.
        least (int, optional): The smallest that is allowed; None for any.
            Defaults to 1.

    Raises:
        ValueError: If it is no whole number, or too small.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    # Beyond 64 bits torch and numpy fail from their depths.
    if not whole or value >= 2**63 or least is not None and value < least:
        bound = {None: 'a whole number', 1: 'positive and whole'}.get(
            least, f'a whole number of at least {least}')
        raise ValueError(f'{name} must be {bound}, but got {value!r}')


def check_index(name: str, value: Any, count: int) -> None:
    """Check an index into a list, from its start.

    Args:
        name (str): Name of the option.
        value (Any): What was given.
        count (int): Length of the list.

    Raises:
        ValueError: If it is no whole number from 0 to ``count`` - 1.
    """
    check_whole(name, value, least=0)
    if value >= count:
        raise ValueError(f'{name} must be at most {count - 1}, since there '
                         f'are {count}, but got {value!r}')


def check_number(name: str,
                 value: Any,
                 least: float = -math.inf,
                 above: float = -math.inf,
                 below: float = math.inf) -> None:
    """Check a finite number.

    Args:
        name (str): Name of the option.
        value (Any): What was given.
        least (float): The smallest that is allowed. Defaults to any.
        above (float): What it must exceed. Defaults to anything.
        below (float): What it must stay under. Defaults to anything.

    Raises:
        ValueError: If it is no finite number, or out of these bounds.
    """
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not max(least, above) <= value < below or \
            value == above:
        bounds = [f'{word} {bound}' for word, bound in
                  (('of at least', least), ('above', above), ('below', below))
                  if math.isfinite(bound)]
        raise ValueError(
            f"{name} must be a finite number{' ' if bounds else ''}"
            f"{' and '.join(bounds)}, but got {value!r}")


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    """Check that a value is one of some.

    Args:
        name (str): Name of the option.
        value (Any): What was given.
        choices (Sequence): What is allowed.

    Raises:
        ValueError: If it is none of these.
    """
    if not isinstance(value, type(choices[0])) or value not in choices:
        raise ValueError(
            f'{name} must be one of {tuple(choices)}, but got {value!r}')


def check_flag(name: str, value: Any) -> None:
    """Check that a value is True or False.

    Args:
        name (str): Name of the option.
        value (Any): What was given.

    Raises:
        ValueError: If it is something else.
    """
    check_choice(name, value, (True, False))


def check_text(name: str, value: Any, empty: bool = False) -> None:
    """Check a text.

    Args:
        name (str): Name of the option.
        value (Any): What was given.
        empty (bool): Whether it may be empty. Defaults to False.

    Raises:
        ValueError: If it is none.
    """
    if not isinstance(value, str) or not (value or empty):
        raise ValueError(f'{name} must be a text, but got {value!r}')


def check_dict(name: str, value: Any) -> None:
    """Check a dict with names as keys, as a config has.

    Args:
        name (str): Name of the option.
        value (Any): What was given.

    Raises:
        ValueError: If it is none.
    """
    if not isinstance(value, Mapping) or not all(
            isinstance(key, str) for key in value):
        raise ValueError(
            f'{name} must be a dict such as dict(name=value), but got '
            f'{value!r}')


def check_config(name: str, value: Any) -> None:
    """Check the config of a component.

    Args:
        name (str): Name of the option.
        value (Any): What was given.

    Raises:
        ValueError: If it is no dict with a ``type``.
    """
    check_dict(name, value)
    if 'type' not in value:
        raise ValueError(f"{name} must be a config such as dict(type='...'), "
                         f'but got {value!r}')


def check_clipping(name: str, value: Any) -> None:
    """Check arguments of torch's ``clip_grad_norm_``.

    Args:
        name (str): Name of the option.
        value (Any): What was given.

    Raises:
        ValueError: If ``max_norm`` is missing, or there is something else.
    """
    from torch.nn.utils import clip_grad_norm_
    check_dict(name, value)
    allowed = set(signature(clip_grad_norm_).parameters) - {'parameters'}
    if 'max_norm' not in value or set(value) - allowed:
        raise ValueError(f'{name} must have max_norm, and of '
                         f'{sorted(allowed)} only, but got {value!r}')
    check_number(f"{name}['max_norm']", value['max_norm'], above=0)


def check_device(device: Any) -> None:
    """Check that a device is there.

    Args:
        device (str | torch.device, optional): What was given; None for the
            default.

    Raises:
        ValueError: If it is not.
    """
    if device is None:
        return
    import torch
    try:
        torch.empty(0, device=device)
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        reason = str(error).strip().split('\n')[0]
        raise ValueError(
            f'the device {str(device)!r} cannot be used here ({reason}); this '
            f'machine has cpu and {torch.cuda.device_count()} CUDA devices'
        ) from None


def check_known_options(cls: type, options: Dict[str, Any]) -> None:
    """Check the names of the options that a class passes to its bases.

    Args:
        cls (type): The class.
        options (dict): What it was given beside its own.

    Raises:
        TypeError: If neither it nor a base takes one of them.
    """
    known = {
        name for base in cls.__mro__ if '__init__' in vars(base)
        for name, parameter in signature(base.__init__).parameters.items()
        if name != 'self' and parameter.kind not in (
            Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    }
    for name in options:
        if name not in known:
            close = get_close_matches(name, known, 1)
            meant = f'did you mean {close[0]!r}? ' if close else ''
            raise TypeError(f'{cls.__name__} has no option {name!r}; {meant}'
                            f'it takes {sorted(known)}')
