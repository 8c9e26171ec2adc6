"""Renaming the parameters of published checkpoints, strictly.

A table maps key patterns of one naming to another; ``None`` means "dropped
on purpose". A key that no pattern covers is an error, never a silent loss.
"""
import re
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional

from torch import Tensor, nn


class KeyMap:
    """A table of key patterns, usable in both directions.

    In a pattern ``{}`` stands for any text without a dot, such as a layer
    number or ``weight``; the replacement has as many ``{}``, filled in
    order.

    Args:
        table (dict[str, str or None]): Pattern -> pattern, or None to drop.
        name (str): What the table is for, used in errors.

    Raises:
        ValueError: If two patterns have the same replacement, which could
            not be inverted.

    Examples:
        >>> keys = KeyMap({'enc.{}.w': 'layers.{}.weight', 'step': None},
        ...               'toy')
        >>> keys('enc.3.w')
        'layers.3.weight'
        >>> keys.inverse()('layers.3.weight')
        'enc.3.w'
    """

    def __init__(self, table: Mapping[str, Optional[str]], name: str) -> None:
        kept = [target for target in table.values() if target is not None]
        repeated = sorted({t for t in kept if kept.count(t) > 1})
        if repeated:
            raise ValueError(
                f'each replacement of a key table must occur once, but '
                f'{repeated} of {name!r} occur more often')
        self.table = dict(table)
        self.name = name
        self._rules = [(_compile(pattern), target)
                       for pattern, target in self.table.items()]

    def __call__(self, key: str) -> Optional[str]:
        """Rename one key; None if it is dropped.

        Raises:
            ValueError: If no pattern covers the key.
        """
        for pattern, target in self._rules:
            match = pattern.fullmatch(key)
            if match:
                return target and target.format(*match.groups())
        raise ValueError(_unknown([key], self.name))

    def inverse(self) -> 'KeyMap':
        """Make the map back; dropped keys stay dropped."""
        table = {
            target: pattern
            for pattern, target in self.table.items() if target is not None
        }
        return KeyMap(table, f'{self.name} (inverse)')

    def rename(self, state_dict: Mapping[str, Tensor]) -> Dict[str, Tensor]:
        """Rename a whole state dict: same tensors, same order.

        Raises:
            ValueError: Naming every key that no pattern covers.
        """
        renamed, unknown = {}, []
        for key, value in state_dict.items():
            try:
                target = self(key)
            except ValueError:
                unknown.append(key)
                continue
            if target is not None:
                renamed[target] = value
        if unknown:
            raise ValueError(_unknown(unknown, self.name))
        return renamed


class LoadReport(NamedTuple):
    """How a state dict differs from what a model expects.

    Attributes:
        missing (list[str]): Keys of the model that the state dict lacks.
        unexpected (list[str]): Keys that the model does not have.
        reshaped (list[str]): 'key (shape there) instead of (shape here)'.
    """

    missing: List[str]
    unexpected: List[str]
    reshaped: List[str]

    @property
    def ok(self) -> bool:
        """Whether the state dict fits exactly."""
        return not any(self)

    def __str__(self) -> str:
        parts = [
            f'{len(keys)} {kind}: {_listing(keys)}'
            for kind, keys in self._asdict().items() if keys
        ]
        return '; '.join(parts) or 'every key and shape fits'


def compare_state_dict(model: nn.Module,
                       state_dict: Mapping[str, Tensor]) -> LoadReport:
    """Compare names and shapes, without loading anything.

    The state dict is in the model's own naming; the model may live on the
    meta device.
    """
    own = model.state_dict()
    return LoadReport(
        missing=[key for key in own if key not in state_dict],
        unexpected=[key for key in state_dict if key not in own],
        reshaped=[
            f'{key} {tuple(value.shape)} instead of {tuple(own[key].shape)}'
            for key, value in state_dict.items()
            if key in own and value.shape != own[key].shape
        ])


def load_strict(model: nn.Module, state_dict: Mapping[str, Tensor]) -> None:
    """Load a state dict, in the model's own naming, that must fit exactly.

    Raises:
        ValueError: Naming the missing, unexpected and reshaped keys; the
            model is untouched then.
    """
    report = compare_state_dict(model, state_dict)
    if not report.ok:
        raise ValueError(
            f'the checkpoint must fit {type(model).__name__} exactly, but '
            f'has {report}; build the model with the sizes of the checkpoint')
    model.load_state_dict(state_dict)


def _compile(pattern: str) -> 're.Pattern':
    return re.compile('([^.]+)'.join(map(re.escape, pattern.split('{}'))))


def _unknown(keys: List[str], name: str) -> str:
    return (f'every key must be covered by the table {name!r}, but it does '
            f'not know {len(keys)}: {_listing(keys)}; is this a checkpoint '
            f'of that model?')


def _listing(keys: Iterable[str], limit: int = 20) -> str:
    keys = list(keys)
    more = f' and {len(keys) - limit} more' if len(keys) > limit else ''
    return ', '.join(keys[:limit]) + more
