"""What was compared, how well it agreed, and what was forgotten."""
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

import torch
from torch import Tensor


class Row(NamedTuple):
    """One compared quantity.

    Attributes:
        name (str): Path in the fixture, such as 'outputs.out_mtm'.
        variant (str): Which of several computations of it, or ''.
        shape (tuple[int]): Shape of the recorded tensor, () for a list.
        error (float): Largest absolute difference.
        tolerance (float): What it may be.
        ok (bool): Whether it is within, and the shapes agree.
    """
    name: str
    variant: str
    shape: Tuple[int, ...]
    error: float
    tolerance: float
    ok: bool

    def __str__(self) -> str:
        label = f'{self.name} [{self.variant}]' if self.variant else self.name
        shape = 'x'.join(map(str, self.shape)) or '-'
        verdict = 'ok' if self.ok else 'FAILED'
        return (f'{label:<82} {shape:>14} {self.error:10.2e} '
                f'{self.tolerance:10.2e}  {verdict}')


class Report:
    """Rows of comparisons against the quantities that a fixture records.

    Args:
        recorded (Iterable[str]): Paths of everything that must be compared.
    """

    def __init__(self, recorded: Iterable[str]) -> None:
        self.recorded = list(recorded)
        self.rows: List[Row] = []

    def close(self,
              name: str,
              value: Tensor,
              expected: Tensor,
              rtol: float,
              floor: float = 0.,
              variant: str = '') -> None:
        """Compare two tensors.

        The tolerance is ``rtol * max|expected| + floor``.

        Args:
            name (str): Path in the fixture.
            value (Tensor): Ours.
            expected (Tensor): Recorded.
            rtol (float): Relative to the largest recorded element.
            floor (float): Absolute part, for quantities that are zero but
                for rounding. Defaults to 0.
            variant (str): Distinguishes rows of one name. Defaults to ''.
        """
        expected = expected.detach().double()
        value = value.detach().double()
        tolerance = rtol * expected.abs().max().item() + floor
        if value.shape == expected.shape:
            error = (value - expected).abs().max().item()
        else:
            error = float('inf')
        self._add(name, variant, expected.shape, error, tolerance)

    def equal(self,
              name: str,
              value: Any,
              expected: Any,
              variant: str = '') -> None:
        """Compare integers or lists of names, which must be the same.

        Args:
            name (str): Path in the fixture.
            value (Tensor or Iterable[str]): Ours.
            expected (Tensor or Iterable[str]): Recorded; order of names is
                not compared.
            variant (str): Distinguishes rows of one name. Defaults to ''.
        """
        if isinstance(expected, Tensor):
            same = value.dtype == expected.dtype and torch.equal(
                value, expected)
            self._add(name, variant, expected.shape, float(not same), 0.)
        else:
            wrong = set(value) ^ set(expected)
            self._add(name, variant, (), float(len(wrong)), 0.)

    def same(self, name: str, value: list, expected: list) -> None:
        """Compare lists, such as those of tokens, which must be equal.

        Args:
            name (str): Path in the fixture.
            value (list): Ours.
            expected (list): Recorded.
        """
        wrong = sum(a != b for a, b in zip(value, expected))
        wrong += abs(len(value) - len(expected))
        self._add(name, '', (len(expected), ), float(wrong), 0.)

    @property
    def not_compared(self) -> List[str]:
        """Recorded quantities without a row."""
        done = {row.name for row in self.rows}
        return [name for name in self.recorded if name not in done]

    @property
    def ok(self) -> bool:
        """Whether all rows are within tolerance and nothing was left out."""
        return all(row.ok for row in self.rows) and not self.not_compared

    def as_dict(self) -> Dict[str, Any]:
        """Give everything as plain values for JSON."""
        return dict(
            ok=self.ok,
            rows=[row._asdict() for row in self.rows],
            not_compared=self.not_compared)

    def __str__(self) -> str:
        lines = [str(row) for row in self.rows]
        lines += [f'{name}: NOT COMPARED' for name in self.not_compared]
        failed = sum(not row.ok for row in self.rows)
        lines.append(
            f'{len(self.rows)} compared, {failed} failed, '
            f'{len(self.not_compared)} recorded but not compared')
        return '\n'.join(lines)

    def _add(self, name: str, variant: str, shape: Iterable[int],
             error: float, tolerance: float) -> None:
        # A NaN is not <= anything, hence fails.
        self.rows.append(
            Row(name, variant, tuple(shape), error, tolerance,
                error <= tolerance))
