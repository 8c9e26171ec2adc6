"""What keeps a run from going wrong without a word."""
import logging
from typing import Dict, List, Optional, Tuple

import torch
from mmengine.logging import print_log
from torch import Tensor, nn
from torch.optim import Optimizer

from .._torch import total_norm
from ..check_options import check_whole
from .hypergradient import Hypergradient
from .wrapper import MELTRWrapper, average


class SkipCounter:
    """Counts steps that could not be used in a row, by kind.

    Args:
        limit (int): This many in a row are an error.
    """

    def __init__(self, limit: int) -> None:
        check_whole('max_skips', limit)
        self.limit = limit
        self.in_a_row: Dict[str, int] = {}
        self._told: set = set()

    def skip(self, kind: str, reason: str, once: bool = False) -> None:
        """Count a skipped step, such as a 'meta step', and say why, or say so
        once in a run.

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
        if not once or kind not in self._told:
            print_log(message, 'current', logging.WARNING)
        self._told.add(kind)

    def succeed(self, kind: str) -> None:
        """Start counting anew after a usable step."""
        self.in_a_row[kind] = 0


def name_unreached(model: MELTRWrapper, params: List[nn.Parameter]) -> None:
    """Tell of parameters that the combined losses do not train.

    A warning, unless the model computes only the losses that it is asked for.
    """
    trained = {id(p) for p in params}
    missed = [name for name, p in model.model.named_parameters()
              if id(p) in trained and p.grad is None]
    if not missed:
        return
    others = {loss: len(set(names) & set(missed))
              for loss, names in (model.uncombined or {}).items()}
    found = ', '.join(f'{loss} (reaches {count} of them)'
                      for loss, count in others.items() if count)
    known = getattr(model.model, 'loss_functions', dict)()
    left_out = [loss for loss in known if loss not in model.losses]
    if left_out and not found:  # the model computes what it is asked for
        print_log(f'{len(missed)} tensors are not trained: `losses` of '
                  f'MELTRWrapper leaves out {left_out}', 'current')
        return
    print_log(
        f'{len(missed)} trainable tensors got no gradient, as none of '
        f'{list(model.losses)} reaches them: {missed}. '
        + (f'Other losses of the model: {found}; add them to `losses` of '
           'MELTRWrapper, or freeze these tensors' if found else
           'Freeze them, or add the loss that needs them to `losses` of '
           'MELTRWrapper'), 'current', logging.WARNING)


def value_problem(model: MELTRWrapper,
                  result: Hypergradient) -> Optional[str]:
    """What is not finite among the values of a meta step."""
    problem = nonfinite(model.losses, result.losses)
    if problem:
        return f'non-finite {problem} on the meta-training batch'
    if not torch.isfinite(result.value):
        return (f'non-finite {model.primary} on the '
                'meta-validation batch, or output of MELTR')
    return None


def gradient_problem(model: MELTRWrapper,
                     result: Hypergradient) -> Optional[str]:
    """What is not finite among its gradients."""
    if result.products is not None:
        problem = nonfinite(model.losses, result.products)
        if problem:
            return f'non-finite gradient of {problem}'
    norm = total_norm(list(result.grads.values()))
    return None if torch.isfinite(norm) else \
        'non-finite hypergradient of MELTR'


def nonfinite(names: Tuple[str, ...], values: Tensor) -> Optional[str]:
    """Names of the values (T,) that are not finite, on any process."""
    bad = (~torch.isfinite(values)).float()
    average([bad])  # every process must decide alike
    return ', '.join(
        n for n, b in zip(names, bad.tolist()) if b) or None


def checked_tasks(model: MELTRWrapper, resumed: Optional[dict]) -> dict:
    """The tasks of a model, which must be those of the resumed run, if any."""
    tasks = dict(losses=list(model.losses), primary=model.primary)
    if resumed and resumed != tasks:
        raise ValueError(
            'a run must be resumed with the tasks that it has: `losses` in '
            f'the same order, and `primary`. They were {resumed}, but are '
            f'{tasks}. Set them back in MELTRWrapper, or start a new run from '
            'the weights with load_from')
    return tasks


def check_sizes(optimizer: Optimizer, state: dict) -> None:
    """Check that a state belongs to parameters of these sizes."""
    params = [p for group in optimizer.param_groups for p in group['params']]
    for index, moments in state['state'].items():
        for moment in moments.values():
            if isinstance(moment, Tensor) and moment.ndim and (
                    index >= len(params)
                    or moment.shape != params[index].shape):
                raise ValueError(
                    'a run must be resumed with a MELTR of the size that it '
                    'has: as many losses, and the same options. Set them '
                    'back, or start a new run from the weights of the model '
                    '(tools/convert/unwrap.py) with load_from')
