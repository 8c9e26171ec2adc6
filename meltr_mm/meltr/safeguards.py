"""What keeps a run from going wrong without a word."""
import logging
from typing import Dict, List

from mmengine.logging import print_log
from torch import nn

from ..check_options import check_whole
from .wrapper import MELTRWrapper


class SkipCounter:
    """Counts steps that could not be used in a row, by kind.

    Args:
        limit (int): This many in a row are an error.
    """

    def __init__(self, limit: int) -> None:
        check_whole('max_skips', limit)
        self.limit = limit
        self.in_a_row: Dict[str, int] = {}

    def skip(self, kind: str, reason: str, warn: bool = True) -> None:
        """Count a skipped step, such as a 'meta step', and say why.

        Raises:
            FloatingPointError: If it was one too many.
        """
        number = self.in_a_row[kind] = self.in_a_row.get(kind, 0) + 1
        message = f'{reason}: {kind} skipped ({number} in a row)'
        if number >= self.limit:
            raise FloatingPointError(
                f'{message}. Training stops after max_skips={self.limit}; '
                'nothing of these steps went into the weights. Lower the '
                'learning rate, clip gradients, or look at the task named '
                'here; then continue with --resume.')
        if warn:
            print_log(message, 'current', logging.WARNING)

    def succeed(self, kind: str) -> None:
        """Start counting anew after a usable step."""
        self.in_a_row[kind] = 0


def name_unreached(model: MELTRWrapper, params: List[nn.Parameter]) -> None:
    """Warn of parameters that the combined losses do not train."""
    trained = {id(p) for p in params}
    missed = [name for name, p in model.model.named_parameters()
              if id(p) in trained and p.grad is None]
    if not missed:
        return
    others = {loss: len(set(names) & set(missed))
              for loss, names in (model.uncombined or {}).items()}
    known = getattr(model.model, 'loss_functions', dict)()
    others.update((loss, None) for loss in known
                  if loss not in model.losses and loss not in others)
    found = ', '.join(
        loss if count is None else f'{loss} (reaches {count} of them)'
        for loss, count in others.items() if count != 0)
    print_log(
        f'{len(missed)} trainable tensors got no gradient, as none of '
        f'{list(model.losses)} reaches them: {missed}. '
        + (f'Other losses of the model: {found}; add them to `losses` of '
           'MELTRWrapper, or freeze these tensors' if found else
           'Freeze them, or add the loss that needs them to `losses` of '
           'MELTRWrapper'), 'current', logging.WARNING)
