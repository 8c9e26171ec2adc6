"""The part of a model's losses that is asked for."""
from typing import Any, Callable, Dict, Optional, Sequence

from torch import Tensor


def chosen_losses(functions: Dict[str, Callable[..., Tensor]],
                  names: Optional[Sequence[str]], *args: Any
                  ) -> Dict[str, Tensor]:
    """Compute losses by name, and nothing else.

    Args:
        functions (dict[str, Callable]): Every loss there is, in order.
        names (Sequence[str], optional): Those that are wanted; None for all.
        *args: For the functions.

    Returns:
        dict[str, Tensor]: Scalars, in the order of ``functions``.

    Raises:
        ValueError: If a name is not among the functions'.
    """
    names = list(functions) if names is None else list(names)
    unknown = [name for name in names if name not in functions]
    if unknown:
        raise ValueError(
            f'losses must be among {list(functions)}, but got {unknown}')
    return {
        name: function(*args)
        for name, function in functions.items() if name in names
    }
