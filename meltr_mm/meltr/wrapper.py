"""Any MMEngine model, trained on the loss that MELTR makes of its losses."""
import difflib
import inspect
import logging
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmaction.registry import MODELS
from mmengine.dist import all_reduce_params, get_world_size
from mmengine.logging import print_log
from mmengine.model import BaseModel
from torch import Tensor, nn

from .. import compat
from ..check_options import check_config, check_flag
from .combination import Average, combine

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
        model (dict | nn.Module): The model, or its config.
        meltr (dict | nn.Module): The loss transformer, or its config; the
            number of tasks is filled in.
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
        _check_names(losses, primary)
        check_flag('sync_losses', sync_losses)
        if not isinstance(model, nn.Module):
            check_config('model', model)
            model = dict(model)
            if data_preprocessor is not None:
                model.setdefault('data_preprocessor', data_preprocessor)
            model = MODELS.build(model)
        if not isinstance(meltr, nn.Module):
            check_config('meltr', meltr)
            meltr = MODELS.build(dict(num_tasks=len(losses)) | dict(meltr))
        _check_known(losses, model)
        super().__init__(model.data_preprocessor, init_cfg)
        self.model = model
        self.meltr = meltr
        self.losses = tuple(losses)
        self.primary = primary
        self.sync_losses = sync_losses
        self._takes_losses = 'losses' in inspect.signature(
            model.forward).parameters
        self._reported_unused = False
        self.learns_meltr = False  # set by the AIDOptimWrapper it meets
        self.last_losses: Optional[Tensor] = None  # (T,), this process's own
        # phi is averaged by AIDOptimWrapper, never by DDP's reducer.
        self._ddp_params_and_buffers_to_ignore = [
            f'meltr.{name}' for name, _ in meltr.named_parameters()
        ]
        self.register_load_state_dict_pre_hook(_adopt_bare_checkpoint)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == 'model':  # not there yet, or being unpickled
                raise
            return getattr(self.model, name)

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
        outputs = self.model(*args, mode='loss', **kwargs)
        missing = [name for name in wanted if name not in outputs]
        if missing:
            raise KeyError(
                f'{type(self.model).__name__} does not return the loss '
                f'{missing[0]!r}; set `losses` of MELTRWrapper to names among '
                f'those it returns: {_loss_names(outputs)}')
        unused = [n for n in _loss_names(outputs) if n not in wanted]
        if unused and losses is None and not self._reported_unused:
            self._reported_unused = True
            print_log(
                f'MELTR does not combine {unused}, so they are not trained; '
                'add them to `losses` of MELTRWrapper if they should be.',
                'current')
        return {n: v for n, v in outputs.items() if n not in unused}

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
        return torch.stack([_reduce(outputs[name]) for name in names])

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
        if not self.learns_meltr:
            self.learns_meltr = True
            print_log(
                'MELTRWrapper is trained without AIDOptimWrapper, so MELTR '
                'stays as it is; set optim_wrapper.type to AIDOptimWrapper '
                'and its constructor to AIDOptimWrapperConstructor.',
                'current', logging.WARNING)
        values = torch.stack([_reduce(losses[name]) for name in self.losses])
        self.last_losses = values.detach()
        combined = combine(
            self.meltr, values, self.average, create_graph=False)
        weights = combined.weights.to(values.dtype)
        total = combined.total.detach()
        loss = total + torch.dot(weights, values - values.detach())

        log_vars = dict(loss=total)
        log_vars.update((name, _reduce(value).detach())
                        for name, value in losses.items())
        log_vars.update((f'weight/{name}', weight) for name, weight in zip(
            self.losses, weights, strict=True))
        return loss, log_vars

    @property
    def average(self) -> Optional[Average]:
        """Averages tensors over the processes in place, or None for one."""
        if not self.sync_losses or get_world_size() == 1:
            return None
        return average


def average(tensors: List[Tensor]) -> None:
    """Average tensors over all processes, in place.

    Args:
        tensors (list[Tensor]): Tensors of the same shapes everywhere.
    """
    all_reduce_params(tensors, op='mean')


def _check_known(losses: Sequence[str], model: nn.Module) -> None:
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


def _check_names(losses: Sequence[str], primary: str) -> None:
    is_list = isinstance(losses, (list, tuple))
    if not is_list or not all(isinstance(name, str) for name in losses) \
            or not losses or len(set(losses)) < len(losses):
        raise ValueError('losses must be a list of one or more different '
                         f'names, but got {losses!r}')
    names = list(losses)
    if primary not in names:
        raise ValueError(
            f'primary must be one of the losses {names}, but got {primary!r}')


def _loss_names(outputs: dict) -> List[str]:
    # MMEngine's convention: what is trained has 'loss' in its name.
    return [name for name in outputs if 'loss' in name]


def _reduce(value: LossValue) -> Tensor:
    value = value.mean() if isinstance(value, Tensor) else sum(
        item.mean() for item in value)
    return value.to(torch.promote_types(value.dtype, torch.float32))


def _adopt_bare_checkpoint(wrapper: MELTRWrapper, state_dict: dict,
                           prefix: str, *args) -> None:
    """Accept weights of the bare model, and no weights of another model."""
    own = {prefix + k: v.shape for k, v in wrapper.state_dict().items()}
    if not any(k.startswith(prefix + 'meltr.') for k in state_dict):
        bare = {
            k: f'{prefix}model.{k.removeprefix(prefix)}' for k in state_dict
        }
        fits = sum(k in own for k in bare.values())
        if fits > sum(k in own for k in state_dict):
            renamed = {bare[k]: v for k, v in state_dict.items()}
            state_dict.clear()
            state_dict.update(renamed)
    weights = {k for k in own if k.startswith(prefix + 'model.')}
    usable = [k for k in weights & set(state_dict)
              if state_dict[k].shape == own[k]]
    # A part of the model, such as its backbone, is as good as for itself.
    if 2 * len(usable) < min(len(weights), len(state_dict)):
        key = min(set(state_dict) - set(usable), default='(none)')
        raise RuntimeError(
            f'this checkpoint belongs to another model: only {len(usable)} '
            f'of the {len(weights)} tensors of '
            f'{type(wrapper.model).__name__} are in it with their shape; '
            f'the checkpoint has {key!r}, for example. Give the checkpoint '
            'that was trained with this config, or convert official weights '
            'with tools/convert/')
