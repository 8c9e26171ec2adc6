"""The learning rate schedules of UniVL's BertAdam."""
import math
from typing import Callable, Dict, List, Sequence, Union

from mmengine.optim import BaseOptimWrapper, _ParamScheduler
from mmengine.registry import PARAM_SCHEDULERS
from torch.optim import Optimizer

# MMEngine's number for a schedule that goes on.
INF = int(1e9)


def _warm_then(after: Callable[[float, float], float]):
    return lambda x, warmup: x / warmup if x < warmup else after(x, warmup)


# Factor on the base rate at the share x of a period, given that of warm-up.
SHAPES: Dict[str, Callable[[float, float], float]] = dict(
    linear_down=lambda x, warmup: 1 - x,
    warmup_linear=_warm_then(lambda x, warmup: (1 - x) / (1 - warmup)),
    warmup_constant=_warm_then(lambda x, warmup: 1.),
    warmup_cosine=_warm_then(
        lambda x, warmup: 0.5 * (1 + math.cos(math.pi * x))))


@PARAM_SCHEDULERS.register_module()
class PeriodicLR(_ParamScheduler):
    """A decay that starts again after each period: a sawtooth.

    At update t (from 1) the share is x = (t mod (T + 1)) / (T + 1) with T =
    ``period``. The official runs set T to 4 epochs and end after fewer, so
    that only the beginning of the first tooth is seen.

    It sets the rate outright and cannot be combined with other schedulers of
    the same optimiser.

    Args:
        optimizer (Optimizer | OptimWrapper): Filled in by the runner.
        period (int): T, in updates; in epochs where the config has
            ``by_epoch=True, convert_to_iter_based=True``.
        shape (str): With w = ``warmup``:

            - ``'linear_down'``: 1 - x, UniVL's;
            - ``'warmup_linear'``: x / w, then (1 - x) / (1 - w);
            - ``'warmup_constant'``: x / w, then 1;
            - ``'warmup_cosine'``: x / w, then (1 + cos(pi x)) / 2.

            Defaults to 'linear_down'.
        warmup (float): Share of a period. Defaults to 0.1.
        milestones (Sequence[int]): From each of them on the rate is
            multiplied by ``gamma`` once more; finished updates, or epochs as
            above. Defaults to ().
        gamma (float): Defaults to 0.1.
        begin (int): Update at which the schedule starts. Defaults to 0.
        end (int): Update after which the rate stays; the runner fills in the
            length of the run. Defaults to no end.
        by_epoch (bool): Must be False unless it is converted, see above.
            Defaults to False.
        last_step (int): See MMEngine. Defaults to -1.
        verbose (bool): See MMEngine. Defaults to False.

    Raises:
        ValueError: If the shape is unknown or a number out of its range.

    Example:
        >>> param_scheduler = dict(
        ...     type='PeriodicLR', period=4, by_epoch=True,
        ...     convert_to_iter_based=True)
    """

    def __init__(self,
                 optimizer: Union[Optimizer, BaseOptimWrapper],
                 period: int,
                 shape: str = 'linear_down',
                 warmup: float = 0.1,
                 milestones: Sequence[int] = (),
                 gamma: float = 0.1,
                 begin: int = 0,
                 end: int = INF,
                 by_epoch: bool = False,
                 last_step: int = -1,
                 verbose: bool = False) -> None:
        if shape not in SHAPES:
            raise ValueError(
                f'shape must be one of {list(SHAPES)}, but got {shape!r}')
        if period < 1 or not 0 < warmup < 1:
            raise ValueError(
                f'period must be positive and warmup in (0, 1), but got '
                f'{period} and {warmup}')
        if by_epoch:
            raise ValueError(
                'PeriodicLR counts updates; add convert_to_iter_based=True '
                'to give its period in epochs')
        self.period = period
        self.shape = shape
        self.warmup = warmup
        self.milestones = tuple(milestones)
        self.gamma = gamma
        super().__init__(
            optimizer,
            'lr',
            begin=begin,
            end=end,
            by_epoch=by_epoch,
            last_step=last_step,
            verbose=verbose)

    @classmethod
    def build_iter_from_epoch(cls,
                              *args,
                              period: int,
                              epoch_length: int,
                              milestones: Sequence[int] = (),
                              begin: int = 0,
                              end: int = INF,
                              by_epoch: bool = True,
                              **kwargs) -> 'PeriodicLR':
        """Build it from a config that counts epochs.

        Args:
            *args: As for the class.
            period (int): In epochs.
            epoch_length (int): Updates per epoch; the runner knows it.
            milestones (Sequence[int]): In epochs. Defaults to ().
            begin (int): In epochs. Defaults to 0.
            end (int): In epochs. Defaults to no end.
            by_epoch (bool): True, as the config says.
            **kwargs: As for the class.

        Returns:
            PeriodicLR: Counting updates.
        """
        return cls(
            *args,
            period=period * epoch_length,
            milestones=[epoch * epoch_length for epoch in milestones],
            begin=begin * epoch_length,
            end=end if end == INF else end * epoch_length,
            **kwargs)

    def _get_value(self) -> List[float]:
        # MMEngine's step 0 is the rate of the first update.
        length = self.period + 1
        share = (self.last_step + 1) % length / length
        factor = SHAPES[self.shape](share, self.warmup)
        passed = sum(self.last_step >= m for m in self.milestones)
        return [
            base * factor * self.gamma**passed for base in self.base_values
        ]
