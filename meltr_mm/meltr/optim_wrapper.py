"""Bi-level training: the model on MELTR's loss, MELTR by AID."""
import logging
from contextlib import contextmanager, nullcontext
from functools import partial
from inspect import signature
from typing import Any, Dict, Iterator, List, Optional, Tuple

import torch
from mmengine.dist import broadcast, get_world_size
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, TASK_UTILS
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.utils import clip_grad_norm_, get_total_norm
from torch.optim import Optimizer

from ..check_options import (
    check_choice,
    check_config,
    check_dict,
    check_flag,
    check_known_options,
    check_number,
    check_whole,
)
from .compilation import keep_compiled_graphs
from .estimator import AutoEstimator
from .history import BatchHistory
from .hypergradient import ESTIMATORS, Hypergradient, hypergradient
from .meta_batches import MetaBatches, Window
from .skips import SkipCounter
from .wrapper import MELTRWrapper, average


@OPTIM_WRAPPERS.register_module()
class AIDOptimWrapper(OptimWrapper):
    """Train a MELTRWrapper: w on MELTR's loss, MELTR by AID.

    After every ``interval`` parameter updates, MELTR takes one step along
    the approximate implicit hypergradient (MELTR, CVPR 2023, section 3.3;
    :mod:`meltr_mm.meltr.hypergradient`). A step with a non-finite loss or
    gradient is skipped with a warning and leaves all weights alone.

    One iteration, as MMEngine's ``train_step`` drives it: ``optim_context``
    meets the model and overhears the batch on its way into the data
    preprocessor; ``update_params`` trains w; when that completed a parameter
    update it may be time for :meth:`meta_step`; last, the batches of the
    update enter the history.

    Args:
        meta_optimizer (Optimizer): Optimiser of MELTR's parameters; in a
            config the dict of one, built by
            :class:`AIDOptimWrapperConstructor`.
        estimator (str): How s_t is computed; see
            :func:`~meltr_mm.meltr.hypergradient.hypergradient`. ``'auto'``
            takes the cheapest exact one that the model supports, decided
            once on the first meta batch. Defaults to 'auto'.
        gamma (float): Weight of the regulariser |sum(l) - M(l)|; 0 switches
            it off. Defaults to 0.1.
        direct_regulariser (bool): Add the regulariser's own derivative in
            phi, which the official code leaves out. Defaults to False.
        inverse_hessian (dict, optional): What stands for the inverse
            Hessian: ``dict(type='Neumann', terms=3, lr=0.1)`` or
            ``dict(type='ConjugateGradient', iters=5, damping=0.01)``.
            Defaults to None, the identity.
        interval (int): Parameter updates between two meta steps, over the
            whole run. Defaults to 3.
        begin (int, optional): The first meta step follows this update,
            counted from 1. Defaults to ``interval`` (VIOLET); 1 is UniVL's
            and All-in-one's.
        meta_clip_grad (dict, optional): Arguments of torch's
            ``clip_grad_norm_`` for MELTR's gradient, such as ``max_norm``.
            Defaults to None (no clipping).
        history (dict, optional): Arguments of
            :class:`~meltr_mm.meltr.history.BatchHistory`.
        meta_dataloader (dict | DataLoader, optional): Where the batches for
            the meta objective come from: data kept out of training. Defaults
            to None: the history, as in the official code.
        shared_batch (bool): Draw one training batch for both purposes of a
            meta step. Cheaper, but another, biased estimator; see
            :func:`~meltr_mm.meltr.hypergradient.hypergradient`.
            Defaults to False.
        max_skips (int): Training stops after this many unusable steps in a
            row. Defaults to 10.
        optimizer (Optimizer): Optimiser of the wrapped model.
        accumulative_counts (int): Batches per parameter update.
            Defaults to 1.
        clip_grad (dict, optional): MMEngine's clipping of the model's
            gradient. Defaults to None.

    Raises:
        TypeError: If there is no such option.
        ValueError: If an option is of another kind than stands here, the
            estimator is unknown, ``interval`` is not positive, or
            ``shared_batch`` is combined with a ``meta_dataloader``.

    Example:
        >>> optim_wrapper = dict(
        ...     type='AIDOptimWrapper',
        ...     constructor='AIDOptimWrapperConstructor',
        ...     optimizer=dict(type='AdamW', lr=1.2e-5),
        ...     meta_optimizer=dict(type='AdamW', lr=1e-4))
    """

    # How far forward mode may be from reverse mode for estimator='auto'.
    auto_tolerance = 1e-3

    def __init__(self,
                 *,
                 meta_optimizer: Optimizer,
                 estimator: str = 'auto',
                 gamma: float = 0.1,
                 direct_regulariser: bool = False,
                 inverse_hessian: Optional[dict] = None,
                 interval: int = 3,
                 begin: Optional[int] = None,
                 meta_clip_grad: Optional[dict] = None,
                 history: Optional[dict] = None,
                 meta_dataloader: Optional[dict] = None,
                 shared_batch: bool = False,
                 max_skips: int = 10,
                 **kwargs) -> None:
        check_known_options(type(self), kwargs)
        super().__init__(**kwargs)
        check_choice('estimator', estimator, ('auto', *ESTIMATORS))
        check_number('gamma', gamma, least=0)
        check_flag('direct_regulariser', direct_regulariser)
        check_whole('interval', interval)
        if begin is not None:
            check_whole('begin', begin)
        if meta_clip_grad is not None:
            _check_clipping(meta_clip_grad)
        if history is not None:
            check_dict('history', history)
        if not isinstance(meta_optimizer, Optimizer):
            raise TypeError(
                'meta_optimizer must be an optimiser by now, but is '
                f'{meta_optimizer!r}; set optim_wrapper='
                "dict(constructor='AIDOptimWrapperConstructor', ...), which "
                'builds it')
        if inverse_hessian is not None:
            check_config('inverse_hessian', inverse_hessian)
            inverse_hessian = TASK_UTILS.build(inverse_hessian)
        self.meta_optimizer = meta_optimizer
        if estimator == 'auto':
            self.hypergradient = AutoEstimator(self.auto_tolerance)
        else:
            self.hypergradient = partial(hypergradient, estimator=estimator)
        self.gamma = float(gamma)
        self.direct_regulariser = direct_regulariser
        self.inverse_hessian = inverse_hessian
        self.interval = interval
        self.begin = interval if begin is None else begin
        self.meta_clip_grad = meta_clip_grad
        self.history = BatchHistory(**(history or {}))
        self.meta_batches = MetaBatches(self.history, meta_dataloader,
                                        shared_batch)
        self.skips = SkipCounter(max_skips)

        keep_compiled_graphs()

        self.updates = 0  # parameter updates over the whole run
        self.meta_steps = 0
        self._model: Optional[MELTRWrapper] = None
        self._resumed: Optional[dict] = None  # tasks of the resumed run
        self._listening = False
        self._moving: List[nn.Parameter] = []
        self._window: Window = []
        self._window_usable = True

    # ------------------------------------------------------------ the model

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Meet the model, and overhear the batch that goes into it.

        Args:
            model (nn.Module): MELTRWrapper, or DDP around it.
        """
        self._attach(model)
        self._listening = True
        frozen = self._frozen_versions()
        try:
            with super().optim_context(model):
                yield
        finally:
            self._listening = False
            # A momentum encoder moves once per update, not in a meta step.
            self._moving = [
                p for p, now in self._frozen_versions().items()
                if frozen.get(p) != now
            ]

    @torch.compiler.disable
    def _frozen_versions(self) -> Dict[nn.Parameter, Tuple[int, int]]:
        return {p: (p.data_ptr(), p._version)
                for p in self._model.model.parameters()
                if not p.requires_grad}

    def _attach(self, model: nn.Module) -> None:
        if is_model_wrapper(model):
            if not isinstance(model, (DistributedDataParallel, DataParallel)):
                raise TypeError(
                    f'{type(self).__name__} trains models whose parameters '
                    'are whole on each process, but got '
                    f'{type(model).__name__}; use MMDistributedDataParallel')
            model = model.module
        if model is self._model:
            return
        if not isinstance(model, MELTRWrapper):
            raise TypeError(
                f'{type(self).__name__} trains a MELTRWrapper, but got '
                f'{type(model).__name__}; wrap the model: model=dict('
                "type='MELTRWrapper', model=..., meltr=dict(type='MELTR'), "
                'losses=[...], primary=...)')
        if self._resumed and self._resumed != _tasks_of(model):
            raise ValueError(
                'a run must be resumed with the tasks that it has: `losses` '
                'in the same order, and `primary`. They were '
                f'{self._resumed}, but are {_tasks_of(model)}. Set them back '
                'in MELTRWrapper, or start a new run from the weights with '
                'load_from')
        model.learns_meltr = True
        model.data_preprocessor.register_forward_pre_hook(self._overhear)
        for tensor in model.meltr.state_dict().values():
            broadcast(tensor)
        self._model = model

    def _overhear(self, preprocessor: nn.Module, args: tuple) -> None:
        if self._listening:
            self._window.append(args[0])

    # ------------------------------------------------------- training step

    # With MMEngine's `compile=True` the model alone is compiled.
    @torch.compiler.disable
    def update_params(self,
                      loss: Tensor,
                      step_kwargs: Optional[dict] = None,
                      zero_kwargs: Optional[dict] = None) -> None:
        """Train the model on ``loss`` and, when it is time, MELTR.

        Args:
            loss (Tensor): The training loss ().
            step_kwargs (dict, optional): For the optimiser's ``step``.
            zero_kwargs (dict, optional): For its ``zero_grad``.

        Raises:
            FloatingPointError: After ``max_skips`` unusable steps in a row.
        """
        problem = self._nonfinite(
            self._model.losses + ('MELTR output', ),
            torch.cat([self._model.last_losses, loss.detach().view(1)]))
        if problem:
            # Count the batch, so that accumulation stays in step, but let
            # nothing of it into the gradients.
            self._window_usable = False
            self._inner_count += 1
            self.skips.skip('parameter update', f'non-finite {problem}')
            if self.should_update():
                self.zero_grad(**(zero_kwargs or {}))
        else:
            super().update_params(loss, step_kwargs, zero_kwargs)
        if self.should_update():
            self._after_update()

    def step(self, **kwargs) -> None:
        """Update w, unless a gradient is not finite.

        Args:
            **kwargs: For the optimiser's ``step``.
        """
        if not self._window_usable:
            return
        if not self._scaler_checks():
            norm = get_total_norm([
                p.grad for group in self.optimizer.param_groups
                for p in group['params'] if p.grad is not None
            ])
            if not torch.isfinite(norm):
                self._window_usable = False
                self.skips.skip('parameter update',
                                'non-finite gradient of the model')
                return
        super().step(**kwargs)

    def _after_update(self) -> None:
        window, self._window = self._window, []
        usable, self._window_usable = self._window_usable, True
        if not usable:
            return
        self.updates += 1
        self.skips.succeed('parameter update')
        due = self.updates - self.begin
        if due >= 0 and due % self.interval == 0:
            self.meta_step(window)
        self.history.append(window)

    # ----------------------------------------------------------- meta step

    def meta_step(self, window: Window) -> None:
        """Train MELTR: one hypergradient, one step of its optimiser.

        Args:
            window (list): Batches of the last update, used while the history
                is empty.
        """
        validation, training = self.meta_batches.draw(window)
        model = self._model
        if validation is None:
            primary = model.losses.index(model.primary)
        else:
            primary = [partial(self._losses, batch, (model.primary, ))
                       for batch in validation]
        while True:
            result = self.hypergradient(
                model.model,
                model.meltr,
                primary,
                [partial(self._losses, batch, model.losses)
                 for batch in training],
                gamma=self.gamma,
                direct_regulariser=self.direct_regulariser,
                inverse_hessian=self.inverse_hessian,
                average=average if get_world_size() > 1 else None,
                sync_losses=model.sync_losses,
                scale=self._scale(),
                moving=self._moving)
            problem = self._value_problem(result)
            if not problem:
                problem = self._gradient_problem(result)
                if problem and self._lower_scale():
                    continue
            break
        if problem:
            self.skips.skip('meta step', problem)
            return
        self._step_meltr(result)
        self.meta_steps += 1
        self.skips.succeed('meta step')

    def _losses(self, batch: Any, names: Tuple[str, ...]) -> Tensor:
        with self._precision():
            return self._model.task_losses(batch, names)

    def _step_meltr(self, result: Hypergradient) -> None:
        params = dict(self._model.meltr.named_parameters())
        for name, param in params.items():
            grad = result.grads.get(name)
            param.grad = None if grad is None else grad.to(param.dtype)
        hub = self.message_hub
        if self.meta_clip_grad is not None:
            norm = clip_grad_norm_(params.values(), **self.meta_clip_grad)
            hub.update_scalar('train/meta_grad_norm', float(norm))
        hub.update_scalar('train/meta_objective', float(result.value))
        self.meta_optimizer.step()
        self.meta_optimizer.zero_grad()

    # ------------------------------------------------- never silently wrong

    def _value_problem(self, result: Hypergradient) -> Optional[str]:
        problem = self._nonfinite(self._model.losses, result.losses)
        if problem:
            return f'non-finite {problem} on the meta-training batch'
        if not torch.isfinite(result.value):
            return (f'non-finite {self._model.primary} on the '
                    'meta-validation batch, or output of MELTR')
        return None

    def _gradient_problem(self, result: Hypergradient) -> Optional[str]:
        if result.products is not None:
            problem = self._nonfinite(self._model.losses, result.products)
            if problem:
                return f'non-finite gradient of {problem}'
        norm = get_total_norm(list(result.grads.values()))
        return None if torch.isfinite(norm) else \
            'non-finite hypergradient of MELTR'

    def _nonfinite(self, names: Tuple[str, ...],
                   values: Tensor) -> Optional[str]:
        bad = (~torch.isfinite(values)).float()
        if get_world_size() > 1:
            average([bad])  # every process must decide alike
        return ', '.join(
            n for n, b in zip(names, bad.tolist(), strict=True) if b) or None

    # ------------------------------------- what mixed precision overrides

    def _precision(self):
        """Context of the forward passes of a meta step."""
        return nullcontext()

    def _scale(self) -> float:
        """Factor on the losses in the backward passes of a meta step."""
        return 1.0

    def _lower_scale(self) -> bool:
        """Lower that factor for good; False if there is nothing to lower."""
        return False

    def _scaler_checks(self) -> bool:
        """Whether a gradient scaler looks for non-finite gradients."""
        return False

    # ------------------------------------------------------ state and logs

    def get_lr(self) -> Dict[str, List[float]]:
        """Learning rates by name: ``lr`` of the model, ``meta_lr`` of MELTR.

        Returns:
            dict[str, list[float]]: One value per parameter group.
        """
        rates = super().get_lr()
        rates['meta_lr'] = [g['lr'] for g in self.meta_optimizer.param_groups]
        return rates

    def state_dict(self) -> dict:
        """State of both optimisers, counters, random draws and decisions.

        Returns:
            dict: State of the plain wrapper, with the rest under ``aid``.
        """
        state = super().state_dict()
        state['aid'] = dict(
            meta_optimizer=self.meta_optimizer.state_dict(),
            updates=self.updates,
            meta_steps=self.meta_steps,
            skips=dict(self.skips.in_a_row),
            estimator=getattr(self.hypergradient, 'chosen', None),
            generator=self.history.generator.get_state(),
            tasks=_tasks_of(self._model) if self._model else self._resumed)
        return state

    def load_state_dict(self, state_dict: dict) -> None:
        """Load what :meth:`state_dict` returned.

        Args:
            state_dict (dict): The state; one that a plain wrapper saved is
                accepted too, and MELTR's optimiser then starts afresh.

        Raises:
            ValueError: If it is of a MELTR of another size.
        """
        state_dict = dict(state_dict)
        aid = state_dict.pop('aid', None)
        super().load_state_dict(state_dict)
        if aid is None:
            print_log(
                'the checkpoint was not written by AIDOptimWrapper: the meta '
                'optimiser and its counters start afresh', 'current',
                logging.WARNING)
            return
        _check_sizes(self.meta_optimizer, aid['meta_optimizer'])
        self._resumed = aid.get('tasks')
        self.meta_optimizer.load_state_dict(aid['meta_optimizer'])
        self.updates = aid['updates']
        self.meta_steps = aid['meta_steps']
        self.skips.in_a_row = dict(aid['skips'])
        if isinstance(self.hypergradient, AutoEstimator):
            self.hypergradient.chosen = aid['estimator']
        self.history.generator.set_state(aid['generator'].cpu())


def _tasks_of(model: MELTRWrapper) -> dict:
    return dict(losses=list(model.losses), primary=model.primary)


def _check_sizes(optimizer: Optimizer, state: dict) -> None:
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


def _check_clipping(meta_clip_grad: dict) -> None:
    check_dict('meta_clip_grad', meta_clip_grad)
    allowed = set(signature(clip_grad_norm_).parameters) - {'parameters'}
    if 'max_norm' not in meta_clip_grad or set(meta_clip_grad) - allowed:
        raise ValueError(
            f'meta_clip_grad must have max_norm, and of {sorted(allowed)} '
            f'only, but got {meta_clip_grad!r}')
    check_number("meta_clip_grad['max_norm']", meta_clip_grad['max_norm'],
                 above=0)
