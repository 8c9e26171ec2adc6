"""Any MMEngine model, trained on the loss that MELTR makes of its losses."""
import difflib
import inspect
import logging
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.dist import all_reduce_params, get_world_size
from mmengine.logging import print_log
from mmengine.model import BaseModel, is_model_wrapper
from mmengine.registry import MODELS
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from .. import compat
from .._torch import compiler_disable
from ..autodiff.passes import non_reentrant_checkpoints
from ..autodiff.tensor_lists import Average, gramian, reached
from ..check_options import check_config, check_flag
from ..wrapped_checkpoints import fit_checkpoint
from .hypergradient import combine

LossValue = Union[Tensor, Sequence[Tensor]]


@MODELS.register_module()
class MELTRWrapper(BaseModel):
    """Wrap a model so that its task losses are combined by MELTR.

    The wrapped model is any MMEngine model whose ``mode='loss'`` returns a
    dict. Everything but the loss passes through to it: the other modes, the
    data preprocessor and every attribute, so that MMAction2's loops and hooks
    work on the wrapper. It has to be trained with :class:`AIDOptimWrapper`,
    which trains MELTR beside the model.

    The loss that is returned for the backward pass is
    ``M(l) + <dM/dl, l - l>`` with the first two factors constant: it has the
    value and the gradient in w of ``M(l(w))``, and no gradient in MELTR.

    On several processes M sees the average of their losses, so that they all
    weigh their tasks alike, as one process with the whole batch would.

    Args:
        model (dict | nn.Module): The model, or its config. Its ``train_step``
            must be MMEngine's.
        meltr (dict | nn.Module): The loss transformer, or another combiner
            (:mod:`meltr_mm.combiners`), or its config; ``num_tasks``
            and ``primary`` (an index) are filled in where it takes them.
        losses (Sequence[str]): Names of the losses to combine, as the model
            returns them. The order is that of MELTR's task embedding.
        primary (str): The loss of the target task, one of ``losses``.
        sync_losses (bool): Average the losses over processes before MELTR
            sees them. Defaults to True.
        data_preprocessor (dict, optional): Given to a model config that has
            none. Defaults to None.
        init_cfg (dict, optional): MMEngine's initialisation config.

    Raises:
        ValueError: If ``losses`` is empty or names a loss twice, or
            ``primary`` is not among them; or if the model can say which
            losses it has (``loss_functions()``) and one is not among them.
        TypeError: If the model has a ``train_step`` of its own; in training,
            if a loss is neither a tensor nor a list of tensors.
        KeyError: In training, if the model does not return one of the
            losses; the message lists those that it does.

    Example:
        >>> model = dict(
        ...     type='MELTRWrapper',
        ...     model=dict(type='VindLURetrieval', ...),
        ...     meltr=dict(type='MELTR'),
        ...     losses=['itc_loss', 'itm_loss'],
        ...     primary='itc_loss')
    """

    def __init__(self,
                 model: Union[dict, nn.Module],
                 meltr: Union[dict, nn.Module],
                 losses: Sequence[str],
                 primary: str,
                 sync_losses: bool = True,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        compat.apply_for_meltr()
        check_flag('sync_losses', sync_losses)
        if not isinstance(model, nn.Module):
            check_config('model', model)
            model = dict(model)
            if data_preprocessor is not None:
                model.setdefault('data_preprocessor', data_preprocessor)
            model = MODELS.build(model)
        _check_losses(losses, primary, model)
        _check_train_step(model)
        if not isinstance(meltr, nn.Module):
            check_config('meltr', meltr)
            meltr = build_combiner(meltr, losses, primary)
        super().__init__(model.data_preprocessor, init_cfg)
        self.model = model
        self.meltr = meltr
        self.losses = tuple(losses)
        self.primary = primary
        self.sync_losses = sync_losses
        self._takes_losses = 'losses' in inspect.signature(
            model.forward).parameters
        # The losses that are returned but not combined, with the parameters
        # that each of them reaches; None before the first iteration.
        self.uncombined: Optional[Dict[str, List[str]]] = None
        self.trained_by_aid = False  # set by the AIDOptimWrapper it meets
        self._told_untrained = False
        self.last_losses: Optional[Tensor] = None  # (T,), this process's own
        # phi is averaged by AIDOptimWrapper, never by DDP's reducer.
        self._ddp_params_and_buffers_to_ignore = [
            f'meltr.{name}' for name in meltr.state_dict()
        ]

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == 'model':  # not there yet, or being unpickled
                raise
            return getattr(self.model, name)

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args: Any) -> None:
        """Accept weights of the bare model, and MELTR's whole or not at all.
        """
        fit_checkpoint(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self,
                *args,
                mode: str = 'tensor',
                losses: Optional[Sequence[str]] = None,
                **kwargs) -> Any:
        """Run the wrapped model.

        Args:
            *args: Passed to the model.
            mode (str): MMEngine's mode. Defaults to 'tensor'.
            losses (Sequence[str], optional): In loss mode, the losses that
                are wanted; a model whose ``forward`` takes an argument of
                this name computes only those. Defaults to all of
                ``self.losses``.
            **kwargs: Passed to the model.

        Returns:
            Any: What the model returns; in loss mode a dict without the
            losses that were not asked for, so that nothing but MELTR's
            combination can be trained.
        """
        if mode != 'loss':
            return self.model(*args, mode=mode, **kwargs)
        wanted = self.losses if losses is None else tuple(losses)
        if self._takes_losses:
            kwargs['losses'] = wanted
        with non_reentrant_checkpoints():
            outputs = self.model(*args, mode='loss', **kwargs)
        missing = [name for name in wanted if name not in outputs]
        if missing:
            raise KeyError(
                f'{type(self.model).__name__} does not return the loss '
                f'{missing[0]!r}; set `losses` of MELTRWrapper to names among '
                f'those it returns: {_loss_names(outputs)}')
        unused = [n for n in _loss_names(outputs) if n not in wanted]
        if losses is None and self.uncombined is None:
            self._note_uncombined({n: outputs[n] for n in unused})
        return {n: v for n, v in outputs.items() if n not in unused}

    @compiler_disable
    def _note_uncombined(self, outputs: Dict[str, Any]) -> None:
        self.uncombined = {name: reached(_items(value), self.model)
                           for name, value in outputs.items()}
        if outputs:
            print_log(
                f'MELTR does not combine {list(outputs)}, so they are not '
                'trained; add them to `losses` of MELTRWrapper if they should '
                'be.', 'current')

    def task_losses(self, batch: Any, names: Sequence[str]) -> Tensor:
        """Evaluate losses on a batch as it leaves the data loader.

        Args:
            batch (Any): Batch of a data loader.
            names (Sequence[str]): Names of T losses.

        Returns:
            Tensor: Their values (T,), float32 or better, with a graph if
            gradients are enabled.
        """
        data = self.data_preprocessor(batch, True)
        if isinstance(data, dict):
            outputs = self(**data, mode='loss', losses=names)
        else:
            outputs = self(*data, mode='loss', losses=names)
        return torch.stack([_reduce(name, outputs[name]) for name in names])

    def parse_losses(
            self, losses: Dict[str, LossValue]) -> Tuple[Tensor, dict]:
        """Combine the task losses into the one to train on.

        Args:
            losses (dict): Output of ``forward`` in loss mode; a loss of any
                shape, or a list of them, counts as the sum of the means.

        Returns:
            tuple[Tensor, dict]: The training loss () and the values to log:
            ``loss``, every entry of ``losses`` and ``weight/<name>``, which
            is dM/dl of that task.
        """
        if self.trained_by == 'meta' and not self.trained_by_aid:
            self._tell_untrained()
        means = {name: _reduce(name, value) for name, value in losses.items()}
        apart = [means[name] for name in self.losses]
        values = torch.stack(apart)
        self.last_losses = values.detach()
        if getattr(self.meltr, 'needs_gradients', False):
            products = gramian(
                apart, [p for p in self.model.parameters() if p.requires_grad],
                average)
            weights = self.meltr.weights(products).to(values)
            total = torch.dot(weights, values.detach())
            loss = torch.dot(weights, values)
        else:
            learns = self.trained_by == 'gradient'
            synced = learns or self.sync_losses
            combined = combine(
                self.meltr, values, averaging() if synced else None,
                create_graph=learns)
            weights = combined.weights.detach().to(values.dtype)
            total = combined.total.detach()
            loss = total + torch.dot(weights, values - values.detach())
            if learns:  # the value stays, phi gets its gradient
                loss = loss + combined.total - total
            if hasattr(self.meltr, 'observe'):
                self.meltr.observe(combined.losses.detach())

        return loss, {
            'loss': total,
            **{name: mean.detach() for name, mean in means.items()},
            **{f'weight/{n}': w for n, w in zip(self.losses, weights)}}

    def _tell_untrained(self) -> None:
        if not self._told_untrained:
            self._told_untrained = True
            print_log(
                'MELTRWrapper is trained without AIDOptimWrapper, so MELTR '
                'stays as it is; set optim_wrapper.type to AIDOptimWrapper '
                'and its constructor to AIDOptimWrapperConstructor.',
                'current', logging.WARNING)

    @property
    def trained_by(self) -> Optional[str]:
        """What trains the combiner: 'meta' steps, the 'gradient', or None."""
        return trained_by(self.meltr)

    @property
    def needs_meta_steps(self) -> bool:
        """Whether the combiner has parameters that meta steps train."""
        return self.trained_by == 'meta' and any(
            p.requires_grad for p in self.meltr.parameters())


def trained_by(combiner: Any) -> Optional[str]:
    """What trains a combiner, or its class: by default 'meta' steps."""
    return getattr(combiner, 'trained_by', 'meta')


def average(tensors: List[Tensor]) -> None:
    """Average tensors over all processes, in place.

    They must have the same shapes everywhere.
    """
    all_reduce_params(tensors, op='mean')


def averaging() -> Optional[Average]:
    """:func:`average`, or None where there is one process."""
    return average if get_world_size() > 1 else None


def unwrapped(model: nn.Module) -> nn.Module:
    """The model itself, out of DDP.

    Raises:
        TypeError: If its parameters are not whole on each process.
    """
    if not is_model_wrapper(model):
        return model
    if not isinstance(model, (DistributedDataParallel, DataParallel)):
        raise TypeError(
            'AIDOptimWrapper trains models whose parameters are whole on each '
            f'process, but got {type(model).__name__} (FSDP and DeepSpeed '
            'divide them); use MMDistributedDataParallel, with optimizer='
            "dict(type='ZeroRedundancyOptimizer', optimizer_type='AdamW', "
            '...) where memory is short')
    return model.module


def meltr_wrapper(model: nn.Module, asker: str) -> MELTRWrapper:
    """The MELTRWrapper that a model is, out of DDP.

    Raises:
        TypeError: If it is none.
    """
    model = unwrapped(model)
    if not isinstance(model, MELTRWrapper):
        raise TypeError(
            f'{asker} needs a MELTRWrapper, but got {type(model).__name__}; '
            "wrap the model: model=dict(type='MELTRWrapper', model=..., "
            "meltr=dict(type='MELTR'), losses=[...], primary=...)")
    return model


def _check_losses(losses: Sequence[str], primary: str,
                  model: nn.Module) -> None:
    is_list = isinstance(losses, (list, tuple))
    if not is_list or not all(isinstance(name, str) for name in losses) \
            or not losses or len(set(losses)) < len(losses):
        raise ValueError('losses must be a list of one or more different '
                         f'names, but got {losses!r}')
    if primary not in losses:
        raise ValueError(f'primary must be one of the losses {list(losses)}, '
                         f'but got {primary!r}')
    functions = getattr(model, 'loss_functions', None)
    known = list(functions()) if callable(functions) else losses
    for name in losses:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            meant = f' Did you mean {close[0]!r}?' if close else ''
            raise ValueError(
                f'`losses` of MELTRWrapper must be among those of '
                f'{type(model).__name__}, {known}, but {name!r} is not.'
                f'{meant}')


def _loss_names(outputs: dict) -> List[str]:
    # MMEngine's convention: what is trained has 'loss' in its name.
    return [name for name in outputs if 'loss' in name]


def _items(value: Any) -> List[Tensor]:
    """The tensors of a loss; none where it is something else."""
    items = value if isinstance(value, (list, tuple)) else [value]
    return list(items) if all(isinstance(i, Tensor) for i in items) else []


def _reduce(name: str, value: LossValue) -> Tensor:
    items = _items(value)
    if not items:
        raise TypeError(f'{name} is not a tensor or list of tensors, but '
                        f'{value!r}')
    value = sum(item.mean() for item in items)
    return value.to(torch.promote_types(value.dtype, torch.float32))


def build_combiner(meltr: dict, losses: Sequence[str],
                   primary: str) -> nn.Module:
    """Build a combiner, with what it can know from the wrapper filled in."""
    kind = meltr['type']
    if isinstance(kind, str):
        with MODELS.switch_scope_and_registry(None) as registry:
            kind = registry.get(kind)
    known = dict(num_tasks=len(losses), primary=list(losses).index(primary))
    takes = inspect.signature(kind).parameters if kind else ()
    known = {k: v for k, v in known.items() if k in takes}
    return MODELS.build({**known, **meltr})


def _check_train_step(model: nn.Module) -> None:
    if getattr(type(model), 'train_step', None) not in (
            None, BaseModel.train_step):
        raise TypeError(
            f'{type(model).__name__} has a train_step of its own, which '
            'MELTRWrapper would bypass; a model can be wrapped if its losses '
            "come from forward(mode='loss') and MMEngine's "
            'BaseModel.train_step')
