"""Other ways than MELTR's to make one training loss of several.

Each is a module ``losses (T,) -> loss ()`` for ``MELTRWrapper(meltr=...)``.
Its class says in ``trained_by`` what trains its parameters: ``'meta'`` meta
steps, as MELTR's; ``'gradient'`` the ordinary gradient, together with the
model; ``None`` nothing, as there are none to train.

Shape legend: T tasks.
"""
from typing import Optional, Sequence

import torch
from mmengine.logging import MessageHub
from mmengine.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import softplus

from .check_options import check_choice, check_index, check_number, check_whole
from .meltr.loss_transformer import SCALE_ITERATIONS, RunningScale


@MODELS.register_module()
class PlainSum(nn.Module):
    """The sum of the losses: what MMEngine trains on without MELTR.

    Args:
        num_tasks (int): T, the number of losses.
    """

    trained_by = None

    def __init__(self, num_tasks: int) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        self.num_tasks = num_tasks

    def forward(self, losses: Tensor) -> Tensor:
        """Add the losses (T,) up to a scalar ()."""
        return losses.sum()


@MODELS.register_module()
class ScaledSum(nn.Module):
    """The sum of the losses, each divided by its size in the beginning.

    Args:
        num_tasks (int): T, the number of losses.
        iterations (int): Training iterations over which the size is averaged;
            then it stays. Defaults to 20.
    """

    trained_by = None

    def __init__(self, num_tasks: int,
                 iterations: int = SCALE_ITERATIONS) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        check_whole('iterations', iterations)
        self.num_tasks = num_tasks
        self.scale = RunningScale(num_tasks, iterations)

    def forward(self, losses: Tensor) -> Tensor:
        """Add the divided losses (T,) up to a scalar ()."""
        return self.scale(losses).sum()

    def observe(self, losses: Tensor) -> None:
        """Take note of the losses (T,) of one training iteration."""
        self.scale.observe(losses)


@MODELS.register_module()
class FadingSum(nn.Module):
    r"""The primary loss, and for a part of the training the others.

    .. math:: M(l) = l_{primary} + c \sum_{t \ne primary}
              \frac{\bar l_{primary}}{\bar l_t} \, l_t

    with c falling from 1 to 0 in a straight line, and the mean sizes of the
    losses over the first ``SCALE_ITERATIONS`` training iterations.

    Args:
        num_tasks (int): T, the number of losses.
        primary (int): Index of the primary loss; MELTRWrapper fills it in.
        iterations (int, optional): Training iterations until c is 0.
            Defaults to half of the Runner's training.

    Raises:
        ValueError: If there is neither ``iterations`` nor a Runner.
    """

    trained_by = None

    def __init__(self,
                 num_tasks: int,
                 primary: int,
                 iterations: Optional[int] = None) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        check_index('primary', primary, num_tasks)
        check_whole('iterations', 1 if iterations is None else iterations)
        self.num_tasks = num_tasks
        self.primary = primary
        self.scale = RunningScale(num_tasks)
        self.register_buffer('seen', torch.zeros((), dtype=torch.long))
        self.register_buffer('iterations', torch.tensor(iterations or 0))

    def forward(self, losses: Tensor) -> Tensor:
        """Weigh the losses (T,) and add them up to a scalar ()."""
        share = (1 - self.seen / self.iterations.clamp(min=1)).clamp(min=0)
        divisor = self.scale.divisor
        weights = share * divisor[self.primary] / divisor
        weights[self.primary] = 1
        return torch.dot(weights.to(losses.dtype), losses)

    def observe(self, losses: Tensor) -> None:
        """Take note of the losses (T,) of one training iteration."""
        if self.iterations == 0:
            whole = MessageHub.get_current_instance().get_info('max_iters')
            if not whole:
                raise ValueError('no Runner says how long the training is: '
                                 'give FadingSum half of its iterations')
            self.iterations.fill_(max(whole // 2, 1))
        self.scale.observe(losses)
        self.seen += 1


@MODELS.register_module()
class PrimaryOnly(nn.Module):
    """The primary loss alone; the others are logged with weight 0.

    To save their computation, list only the primary one in ``losses`` of
    MELTRWrapper.

    Args:
        num_tasks (int): T, the number of losses.
        primary (int): Index of the primary loss; MELTRWrapper fills it in.
    """

    trained_by = None

    def __init__(self, num_tasks: int, primary: int) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        check_index('primary', primary, num_tasks)
        self.num_tasks = num_tasks
        self.primary = primary

    def forward(self, losses: Tensor) -> Tensor:
        """Pick the primary one () of the losses (T,)."""
        return losses[self.primary]


@MODELS.register_module()
class FixedWeights(nn.Module):
    """A weighted sum of the losses.

    Args:
        num_tasks (int): T, the number of losses.
        weights (Sequence[float]): T weights, in the order of ``losses``.

    Raises:
        ValueError: If there are not T finite weights.
    """

    trained_by = None

    def __init__(self, num_tasks: int, weights: Sequence[float]) -> None:
        super().__init__()
        self.num_tasks = num_tasks
        self.register_buffer(
            'weights', _numbers('weights', weights, num_tasks),
            persistent=False)

    def forward(self, losses: Tensor) -> Tensor:
        """Weigh the losses (T,) and add them up to a scalar ()."""
        return torch.dot(self.weights.to(losses.dtype), losses)


@MODELS.register_module()
class RandomWeights(nn.Module):
    """Random loss weighting (RLW): new weights in every iteration.

    T times the softmax of T standard normal draws of torch's generator, so
    that they are 1 on average (Lin et al., Reasonable Effectiveness of Random
    Weighting, TMLR 2022).

    Args:
        num_tasks (int): T, the number of losses.
    """

    trained_by = None

    def __init__(self, num_tasks: int) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        self.num_tasks = num_tasks

    def forward(self, losses: Tensor) -> Tensor:
        """Weigh the losses (T,) at random and add them up to a scalar ()."""
        draws = torch.randn(
            self.num_tasks, dtype=losses.dtype, device=losses.device)
        return self.num_tasks * torch.dot(draws.softmax(0), losses)


@MODELS.register_module()
class DynamicWeightAverage(nn.Module):
    r"""Dynamic weight average (DWA): what falls slowly counts more.

    .. math:: w_t = T \, \mathrm{softmax}_t (r_t / \tau), \qquad
              r_t = \bar l_t / \bar l_t^{\,\text{before}}

    with the mean losses of the last two windows of ``period`` iterations;
    1 until there are two (Liu, Johns, Davison, CVPR 2019, where a window is
    an epoch).

    Args:
        num_tasks (int): T, the number of losses.
        period (int): Iterations per window. Defaults to 50.
        temperature (float): :math:`\tau`. Defaults to 2.
    """

    trained_by = None

    def __init__(self,
                 num_tasks: int,
                 period: int = 50,
                 temperature: float = 2.) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        check_whole('period', period)
        check_number('temperature', temperature, above=0)
        self.num_tasks = num_tasks
        self.period = period
        self.temperature = temperature
        self.register_buffer('seen', torch.zeros((), dtype=torch.long))
        self.register_buffer('total', torch.zeros(num_tasks))
        self.register_buffer('weights', torch.ones(num_tasks))
        # Mean losses of the last full window; zeros before there is one.
        self.register_buffer('before', torch.zeros(num_tasks))

    def forward(self, losses: Tensor) -> Tensor:
        """Weigh the losses (T,) and add them up to a scalar ()."""
        return torch.dot(self.weights.to(losses.dtype), losses)

    @torch.no_grad()
    def observe(self, losses: Tensor) -> None:
        """Take note of the losses (T,) of one training iteration."""
        self.total += losses
        self.seen += 1
        if self.seen % self.period:
            return
        mean = self.total / self.period
        if self.seen > self.period:
            rate = mean / self.before
            rate = torch.where(rate.isfinite(), rate, torch.ones_like(rate))
            self.weights.copy_(
                self.num_tasks * (rate / self.temperature).softmax(0))
        self.before.copy_(mean)
        self.total.zero_()


@MODELS.register_module()
class UncertaintyWeights(nn.Module):
    r"""Uncertainty weighting: weights that are trained with the model.

    .. math:: M(l) = \sum_t e^{-s_t} l_t + s_t / 2

    with :math:`s_t`, the logarithm of a noise variance, a parameter that
    starts at 0, where M has the slopes of the plain sum (Kendall, Gal,
    Cipolla, CVPR 2018). At the minimum the weight of a loss is
    :math:`1 / (2 l_t)`: it makes losses of different units comparable and
    does not know which one is primary. The losses must be positive, or M has
    no minimum; a weight decay of the optimiser pulls the weights to 1.

    Args:
        num_tasks (int): T, the number of losses.
    """

    trained_by = 'gradient'

    def __init__(self, num_tasks: int) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        self.num_tasks = num_tasks
        self.log_variance = nn.Parameter(torch.zeros(num_tasks))

    def forward(self, losses: Tensor) -> Tensor:
        """Combine the losses (T,) into a scalar ()."""
        scale = self.log_variance.to(losses.dtype)
        return torch.dot(torch.exp(-scale), losses) + scale.sum() / 2


@MODELS.register_module()
class LearntWeights(nn.Module):
    """One positive weight per loss, learnt by meta steps.

    The idea of Auto-Lambda (Liu et al., TMLR 2022), with the exact
    hypergradient instead of a finite difference: MELTR without the
    transformer, ``M(l) = sum_t w_t l_t`` with ``w_t = softplus(raw_t)``.

    Args:
        num_tasks (int): T, the number of losses.
        start (Sequence[float], optional): The first weights, positive.
            Defaults to ones.
        normalise (bool): Scale the weights to a mean of 1, so that only
            their ratios are learnt. Defaults to False.

    Raises:
        ValueError: If there are not T positive weights.
    """

    trained_by = 'meta'

    def __init__(self,
                 num_tasks: int,
                 start: Optional[Sequence[float]] = None,
                 normalise: bool = False) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        check_choice('normalise', normalise, (True, False))
        weights = _numbers(
            'start', [1.] * num_tasks if start is None else start, num_tasks)
        if weights.min() <= 0:
            raise ValueError('start of LearntWeights must be positive, but '
                             f'is {start!r}')
        self.num_tasks = num_tasks
        self.normalise = normalise
        self.raw = _inverse_softplus(weights)

    def forward(self, losses: Tensor) -> Tensor:
        """Weigh the losses (T,) and add them up to a scalar ()."""
        weights = softplus(self.raw.to(losses.dtype))
        if self.normalise:
            weights = weights / weights.mean()
        return torch.dot(weights, losses)


@MODELS.register_module()
class MonotoneNetwork(nn.Module):
    """AuxiLearn's monotone network: no loss is ever pushed up.

    ``M(l) = l_primary + N(l)`` with a perceptron N whose weights are positive
    and whose activation rises, so that every dM/dl is positive (Navon et al.,
    Auxiliary Learning by Implicit Differentiation, ICLR 2021); learnt by meta
    steps.

    Args:
        num_tasks (int): T, the number of losses.
        primary (int): Index of the primary loss; MELTRWrapper fills it in.
        hidden_dims (Sequence[int]): Widths of the hidden layers. Defaults to
            (16, ).
    """

    trained_by = 'meta'

    def __init__(self,
                 num_tasks: int,
                 primary: int,
                 hidden_dims: Sequence[int] = (16, )) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        check_index('primary', primary, num_tasks)
        for width in hidden_dims:
            check_whole('hidden_dims', width)
        self.num_tasks = num_tasks
        self.primary = primary
        widths = [num_tasks, *hidden_dims, 1]
        # softplus of them is what multiplies: about 2 / fan_in, since the
        # activation's slope starts at 1/2; so N starts near the sum's slopes.
        scales = [1.] + [2. / width for width in hidden_dims]
        self.raw = nn.ParameterList([
            _inverse_softplus(
                (0.5 + torch.rand(widths[i + 1], widths[i])) * scale)
            for i, scale in enumerate(scales)
        ])
        self.biases = nn.ParameterList(
            [torch.zeros(width) for width in widths[1:-1]])

    def forward(self, losses: Tensor) -> Tensor:
        """Combine the losses (T,) into a scalar ()."""
        hidden = losses.to(self.raw[0].dtype)
        for i, bias in enumerate(self.biases):
            hidden = softplus(softplus(self.raw[i]) @ hidden + bias)
        return losses[self.primary] + torch.dot(
            softplus(self.raw[-1])[0], hidden)


@MODELS.register_module()
class GradientAggregator(nn.Module):
    """Weights from the gradients of the losses, by a method of torchjd.

    Methods such as UPGrad, PCGrad, CAGrad, MGDA or Nash-MTL resolve conflicts
    between the task gradients, the rows of a Jacobian J. All that need no
    more of J than its Gramian ``J J^T``, of shape (T, T), and return a
    combination of its rows fit in here. MELTRWrapper computes the Gramian,
    at the price of one backward pass per loss. A loss without a gradient on
    what it shares with another is left out, and counts 1: the least norm
    would be its own, zero. (Not from NashMTL, nor with options that are one
    number per loss.) CAGrad and FairGrad need cvxpy and clarabel too, NashMTL
    cvxpy and ecos.

    Args:
        num_tasks (int): T, the number of losses.
        aggregator (str): Name of the class in ``torchjd.aggregation``.
            Defaults to 'UPGrad'.
        options (dict, optional): Its arguments; a list of numbers becomes a
            tensor, and ``n_tasks`` of NashMTL is filled in.

    Raises:
        ImportError: If torchjd is not installed.
        ValueError: If it has no such aggregator, or one that is not a
            combination of the gradients.
        TypeError: If the aggregator has no such option.

    Example:
        >>> meltr = dict(type='GradientAggregator', aggregator='CAGrad',
        ...              options=dict(c=0.4))
    """

    trained_by = None
    needs_gradients = True

    def __init__(self,
                 num_tasks: int,
                 aggregator: str = 'UPGrad',
                 options: Optional[dict] = None) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        try:
            from torchjd import aggregation
        except ImportError as error:
            raise ImportError(
                'GradientAggregator needs torchjd (Python 3.10, torch 2.3 or '
                "newer): pip install 'meltr_mm[baselines]', then pip install "
                "--no-deps 'torchjd>=0.18'") from error
        known = sorted(
            name for name, kind in vars(aggregation).items()
            if isinstance(kind, type) and issubclass(
                kind, aggregation.WeightedAggregator)
            and not kind.__name__.endswith('WeightedAggregator'))
        check_choice('aggregator of GradientAggregator', aggregator, known)
        options = {
            name: torch.tensor(value) if isinstance(value, list) else value
            for name, value in (options or {}).items()
        }
        if aggregator == 'NashMTL':
            options.setdefault('n_tasks', num_tasks)
        self.takes_all = 'n_tasks' in options or any(
            isinstance(value, Tensor) for value in options.values())
        self.num_tasks = num_tasks
        self.method = getattr(aggregation, aggregator)(**options)
        self.register_buffer('last', torch.ones(num_tasks))

    @torch.no_grad()
    def weights(self, gramian: Tensor) -> Tensor:
        """What the losses count, from the products of their gradients.

        Args:
            gramian (Tensor): Inner products of the task gradients, (T, T).

        Returns:
            Tensor: One weight per loss, (T,), of any sign.
        """
        shared = gramian.diagonal() > 0
        if self.takes_all:
            shared = torch.ones_like(shared)
        weights = torch.ones_like(gramian[0])
        if shared.any():
            weights[shared] = self._aggregated(
                gramian[shared][:, shared]).to(weights)
        self.last.copy_(weights)
        return weights

    def _aggregated(self, gramian: Tensor) -> Tensor:
        if hasattr(self.method, 'gramian_weighting'):
            return self.method.gramian_weighting(gramian)
        # Any matrix with this Gramian will do; its root has T columns.
        values, vectors = torch.linalg.eigh(gramian)
        return self.method.weighting(vectors * values.clamp(min=0).sqrt())

    def forward(self, losses: Tensor) -> Tensor:
        """Combine the losses (T,) with the last weights into a scalar ()."""
        return torch.dot(self.last.to(losses.dtype), losses)


def _numbers(name: str, values: Sequence[float], count: int) -> Tensor:
    if not isinstance(values, (list, tuple)) or len(values) != count:
        raise ValueError(f'{name} must be a list of {count} numbers, one per '
                         f'loss, but got {values!r}')
    for value in values:
        check_number(name, value)
    return torch.tensor(values, dtype=torch.float32)


def _inverse_softplus(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values + torch.log(-torch.expm1(-values)))
