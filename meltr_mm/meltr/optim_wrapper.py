"""Bi-level training: the model on MELTR's loss, MELTR by AID."""
import logging
import math
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, ContextManager, Dict, Iterator, List, Optional, Tuple

import torch
from mmengine.dist import broadcast
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, TASK_UTILS
from mmengine.runner.amp import autocast
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from .._torch import compiler_disable, keep_compiled_graphs, total_norm
from ..autodiff.products import AutoProducts, everywhere
from ..check_options import (
    check_choice,
    check_clipping,
    check_config,
    check_dict,
    check_flag,
    check_known_options,
    check_number,
    check_whole,
)
from . import safeguards
from .history import BatchHistory, Ear, HeldOutBatches, Window
from .hypergradient import ESTIMATORS, Hypergradient, hypergradient
from .wrapper import MELTRWrapper, averaging, meltr_wrapper


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
        meta_optimizer (Optimizer, optional): Optimiser of MELTR's
            parameters; in a config the dict of one, built by
            :class:`AIDOptimWrapperConstructor`. None where the combiner has
            nothing that meta steps train: there are none then.
        estimator (str): How s_t is computed; see
            :func:`~meltr_mm.meltr.hypergradient.hypergradient`. ``'auto'``
            takes the cheapest exact one that the model supports. Defaults to
            'auto'.
        recheck (int): Meta steps after which ``'auto'`` compares forward
            mode with reverse mode again. Defaults to 1000.
        gamma (float): Weight of the regulariser |sum(l) - M(l)|; 0 switches
            it off. Defaults to 0.1.
        direct_regulariser (bool): Add the regulariser's own derivative in
            phi, which the official code leaves out. Defaults to False.
        inverse_hessian (dict, optional): What stands for the inverse
            Hessian: ``dict(type='AdamPreconditioner')``,
            ``dict(type='Neumann', terms=3, lr=0.1)`` or
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
            estimator is unknown, or ``interval`` is not positive.
    """

    # How far forward mode may be from reverse mode for estimator='auto'.
    auto_tolerance = 1e-3
    # That of mixed precision, which looks for non-finite gradients itself.
    loss_scaler = None

    def __init__(self,
                 *,
                 meta_optimizer: Optional[Optimizer] = None,
                 estimator: str = 'auto',
                 recheck: int = 1000,
                 gamma: float = 0.1,
                 direct_regulariser: bool = False,
                 inverse_hessian: Optional[dict] = None,
                 interval: int = 3,
                 begin: Optional[int] = None,
                 meta_clip_grad: Optional[dict] = None,
                 history: Optional[dict] = None,
                 meta_dataloader: Optional[dict] = None,
                 max_skips: int = 10,
                 **kwargs) -> None:
        check_known_options(type(self), kwargs)
        super().__init__(**kwargs)
        check_choice('estimator', estimator, ('auto', *ESTIMATORS))
        check_number('gamma', gamma, least=0)
        check_flag('direct_regulariser', direct_regulariser)
        check_whole('interval', interval)
        begin = interval if begin is None else begin
        check_whole('begin', begin)
        check_dict('history', history or {})
        if meta_clip_grad is not None:
            check_clipping('meta_clip_grad', meta_clip_grad)
        if not isinstance(meta_optimizer, (Optimizer, type(None))):
            raise TypeError(
                'meta_optimizer must be an optimiser by now, but is '
                f'{meta_optimizer!r}; set optim_wrapper='
                "dict(constructor='AIDOptimWrapperConstructor', ...), which "
                'builds it')
        if inverse_hessian is not None:
            check_config('inverse_hessian', inverse_hessian)
            inverse_hessian = TASK_UTILS.build(inverse_hessian)
            if hasattr(inverse_hessian, 'optimizer'):
                inverse_hessian.optimizer = self.optimizer
        self.meta_optimizer = meta_optimizer
        self.estimator = AutoProducts(self.auto_tolerance, recheck) \
            if estimator == 'auto' else estimator
        self.hypergradient = partial(
            hypergradient,
            estimator=self.estimator,
            gamma=float(gamma),
            direct_regulariser=direct_regulariser,
            inverse_hessian=inverse_hessian)
        self.interval = interval
        self.begin = begin
        self.meta_clip_grad = meta_clip_grad
        self.history = BatchHistory(**(history or {}))
        self.held_out = None if meta_dataloader is None else \
            HeldOutBatches(meta_dataloader)
        self.skips = safeguards.SkipCounter(max_skips)
        keep_compiled_graphs()

        self.updates = 0  # parameter updates over the whole run
        self.meta_steps = 0
        # What ResumeHook has to see to: the iterations of the history's
        # windows and of an incomplete one, held-out position, generators.
        self.pending: Dict[str, Any] = {}
        self._model: Optional[MELTRWrapper] = None
        self._tasks: Optional[dict] = None  # of the resumed run, or this
        self._ear = Ear()
        self._window_usable = True
        # The scaler settles on what M's weighted losses bear. A meta step
        # differentiates the losses themselves, which may bear less.
        self._largest_scale = math.inf

    # ------------------------------------------------------------ the model

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Meet the model, and overhear the batch that goes into it.

        Args:
            model (nn.Module): MELTRWrapper, or DDP around it.
        """
        self._listen(model)
        try:
            with super().optim_context(model):
                yield
        finally:
            self._ear.close()

    @compiler_disable
    def _listen(self, model: nn.Module) -> None:
        self._attach(model)
        if self.pending.keys() - {'generators'}:
            print_log(
                'the history of meta batches starts anew after resuming, for '
                "want of custom_hooks=[dict(type='ResumeHook')]", 'current',
                logging.WARNING)
        self.pending = {}
        due = self.should_sync() and self._is_due(self.updates + 1)
        self._ear.open(
            self._model, self.message_hub.get_info('iter', -1), watch=due)

    def _attach(self, model: nn.Module) -> None:
        model = meltr_wrapper(model, type(self).__name__)
        if model is self._model:
            return
        self._tasks = safeguards.checked_tasks(model, self._tasks)
        if self.meta_optimizer is None and model.needs_meta_steps:
            raise ValueError(
                f'{type(model.meltr).__name__} is trained by meta steps and '
                'needs a meta_optimizer; set optim_wrapper='
                "dict(constructor='AIDOptimWrapperConstructor', "
                "meta_optimizer=dict(type='AdamW', lr=1e-4), ...)")
        model.trained_by_aid = True
        for tensor in model.meltr.state_dict().values():
            broadcast(tensor)
        self._model = model

    # ------------------------------------------------------- training step

    # With MMEngine's `compile=True` the model alone is compiled.
    @compiler_disable
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
            RuntimeError: Without a model, which ``optim_context`` brings.
        """
        if self._model is None:
            raise RuntimeError(
                'update_params must follow optim_context(model), which tells '
                f"{type(self).__name__} the model, as in MMEngine's "
                'BaseModel.train_step')
        problem = safeguards.nonfinite(
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
        """Update w, unless a gradient is not finite."""
        if not self._window_usable:
            return
        params = [p for group in self.optimizer.param_groups
                  for p in group['params']]
        if self.loss_scaler is None or not self.loss_scaler.is_enabled():
            norm = total_norm([p.grad for p in params if p.grad is not None])
            if not torch.isfinite(norm):
                self._window_usable = False
                self.skips.skip('parameter update',
                                'non-finite gradient of the model')
                return
        if self.updates == 0:
            safeguards.name_unreached(self._model, params)
        super().step(**kwargs)

    def _after_update(self) -> None:
        window, iterations = self._ear.take()
        usable, self._window_usable = self._window_usable, True
        if not usable:
            return
        self.updates += 1
        self.skips.succeed('parameter update')
        if self._is_due(self.updates):
            self.meta_step(window)
        if self.meta_optimizer is not None:
            self.history.append(window, iterations)

    def _is_due(self, updates: int) -> bool:
        return self.meta_optimizer is not None and updates >= self.begin and \
            (updates - self.begin) % self.interval == 0

    # ----------------------------------------------------------- meta step

    def meta_step(self, window: Window) -> None:
        """Train MELTR: one hypergradient, one step of its optimiser.

        ``window``, the last update's, is used while the history is empty.
        """
        drawn = self.history.draw if len(self.history) else lambda: window
        validation = drawn() if self.held_out is None else \
            [self.held_out.draw()]
        training = drawn()
        model, mean = self._model, averaging()
        compute = partial(
            self.hypergradient,
            model.model,
            model.meltr,
            [partial(self._losses, batch, (model.primary, ))
             for batch in validation],
            [partial(self._losses, batch, model.losses)
             for batch in training],
            average=mean,
            sync_losses=model.sync_losses,
            moving=[p for p in model.model.parameters()
                    if not p.requires_grad or p in self._ear.written])
        result = compute(scale=self._scale())
        problem = safeguards.value_problem(model, result)
        if not problem:
            problem = safeguards.gradient_problem(model, result)
            while problem and self._lower_scale():
                result = compute(scale=self._scale())
                problem = safeguards.gradient_problem(model, result)
        if problem:
            self.skips.skip('meta step', problem)
            return
        kind = 'gradient of the meta objective'
        if everywhere(result.has_graph, result.value.device, mean):
            self.skips.succeed(kind)
        else:
            self.skips.skip(kind, f'{model.primary} has no graph on a meta '
                            'batch, so it is zero', once=True)
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

    # ------------------------------------------------------ mixed precision

    def _precision(self) -> ContextManager:
        """Context of the forward passes of a meta step."""
        return nullcontext()

    def _scale(self) -> float:
        """Factor on the losses in the backward passes of a meta step."""
        return 1. if self.loss_scaler is None else min(
            self.loss_scaler.get_scale(), self._largest_scale)

    def _lower_scale(self) -> bool:
        """Lower that factor for good; False if there is nothing to lower."""
        scale = self._scale()
        if scale > 1:
            self._largest_scale = max(1., scale / 4)
        return scale > 1

    # ------------------------------------------------------ state and logs

    def get_lr(self) -> Dict[str, List[float]]:
        """Learning rates per group: the model's, and ``meta_lr``."""
        rates = super().get_lr()
        if self.meta_optimizer is not None:
            rates['meta_lr'] = [
                g['lr'] for g in self.meta_optimizer.param_groups]
        return rates

    def state_dict(self) -> dict:
        """State of the plain wrapper; under ``aid`` all that AID adds.

        That is the meta optimiser, counters, decisions, generators, how far
        the held-out loader is, and the history: which iterations brought its
        batches, and the batches themselves as far as they consist of tensors
        and plain data. :class:`~meltr_mm.resume.ResumeHook` takes out those
        that can be read again.
        """
        state = super().state_dict()
        aid = state['aid'] = dict(
            updates=self.updates,
            meta_steps=self.meta_steps,
            skips=dict(self.skips.in_a_row),
            tasks=self._tasks,
            held_out=self.held_out.drawn if self.held_out else 0,
            meta_scale=self._largest_scale,
            window=list(self._ear.iterations),
            **self.history.state_dict())
        if self.meta_optimizer is not None:
            aid['meta_optimizer'] = self.meta_optimizer.state_dict()
        if isinstance(self.estimator, AutoProducts):
            aid['estimator'] = self.estimator.chosen
            aid['since_check'] = self.estimator.since_check
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
        if self.meta_optimizer is not None and 'meta_optimizer' in aid:
            safeguards.check_sizes(self.meta_optimizer, aid['meta_optimizer'])
            self.meta_optimizer.load_state_dict(aid['meta_optimizer'])
        self._tasks = aid.get('tasks', self._tasks)
        self.updates = aid['updates']
        self.meta_steps = aid['meta_steps']
        self.skips.in_a_row = dict(aid['skips'])
        self._largest_scale = aid.get('meta_scale', math.inf)
        if isinstance(self.estimator, AutoProducts):
            self.estimator.chosen = aid.get('estimator')
            self.estimator.since_check = aid.get('since_check', 0)
        self.history.load_state_dict(aid)
        keys = {'iterations', 'window', 'held_out', 'generators'}
        if 'batches' in aid:  # these need not be read again
            keys -= {'iterations', 'window'}
        self.pending = {key: aid[key] for key in keys if aid.get(key)}

    def reopen(self, window: int) -> None:
        """Go back so many batches, which ResumeHook trains on again."""
        self._inner_count -= window
        self._ear.take()


@OPTIM_WRAPPERS.register_module()
class AmpAIDOptimWrapper(AIDOptimWrapper, AmpOptimWrapper):
    """AIDOptimWrapper with automatic mixed precision.

    Forward passes of the meta step run under the same autocast. The
    hypergradient is taken on unscaled losses and accumulated in float32.
    MMAction2's ``--amp`` flag refuses wrappers that it does not know, so
    mixed precision is asked for by this type.

    Args:
        loss_scale (str | float | dict): MMEngine's loss scaling.
            Defaults to 'dynamic'.
        dtype (str, optional): Autocast's type. Defaults to the device's.
        **kwargs: As for :class:`AIDOptimWrapper`.

    Raises:
        ValueError: If ``estimator`` is ``'finite_difference'``: differences
            drown in the rounding of low precision.
    """
    auto_tolerance = 5e-2

    def __init__(self, *, estimator: str = 'auto', **kwargs) -> None:
        if estimator == 'finite_difference':
            raise ValueError(
                "estimator 'finite_difference' is for float32: its "
                "differences drown in the rounding of autocast; use 'auto'")
        super().__init__(estimator=estimator, **kwargs)

    def _precision(self) -> ContextManager:
        return autocast(dtype=self.cast_dtype)
