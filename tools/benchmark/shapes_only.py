"""Training with the shapes of tensors alone, and what they would hold.

On torch's device ``meta`` a tensor has a shape but no numbers, so that a step
of any size takes a moment and no memory. What a model decides by numbers is
decided as in an undisturbed training: whatever follows from masks, labels and
other small tensors alone is computed for real beside its shape; of what is
not known every truth is true, and every number zero and finite.
"""
import weakref
from contextlib import ExitStack, nullcontext
from types import SimpleNamespace
from typing import Any, Dict, Iterator
from unittest.mock import patch

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map
from torch.utils.weak import WeakIdKeyDictionary

aten = torch.ops.aten
INDEXING = (aten.index.Tensor, aten.index_put.default,
            aten.index_put_.default, aten._index_put_impl_.default)
# Elements of what is computed for real: masks and labels, not pictures.
SMALL = 2**17


class ShapesOnly(TorchDispatchMode):
    """Counts the bytes of all tensors on the device ``meta``.

    Attributes:
        held (int): Bytes at present.
        peak (int): Bytes at most since it was set to `held`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held = self.peak = 0
        self._sizes: Dict[int, int] = {}  # by storage
        self._known = WeakIdKeyDictionary()  # real twins of small tensors
        self._patches = ExitStack()

    def __enter__(self) -> 'ShapesOnly':
        autocast = torch.autocast
        self._patches.enter_context(patch.object(
            torch, 'autocast', lambda kind, *args, **kwargs: nullcontext()
            if kind == 'meta' else autocast(kind, *args, **kwargs)))
        self._patches.enter_context(patch.object(
            torch, 'isfinite',
            lambda x: torch.ones(x.shape, dtype=torch.bool)))
        # Its generator, which has no numbers either.
        self._patches.enter_context(patch.object(
            torch, 'meta', SimpleNamespace(
                get_rng_state=lambda device: torch.zeros(0),
                set_rng_state=lambda state, device: None), create=True))
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        self._patches.close()
        super().__exit__(*error)

    def take(self, model: nn.Module) -> None:
        """Bring a model here: its weights keep their shapes only."""
        here: Dict[int, Tensor] = {}  # shared weights stay shared
        for module in model.modules():
            for table in (module._parameters, module._buffers):
                for name, old in table.items():
                    if old is None:
                        continue
                    if id(old) not in here:
                        new = old.detach().to('meta')
                        if isinstance(old, nn.Parameter):
                            new = nn.Parameter(new, old.requires_grad)
                        here[id(old)] = new
                        self._count(new)
                    table[name] = here[id(old)]
            if isinstance(module, BaseDataPreprocessor):
                module.to('meta')

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (),
                           kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is aten._efficientzerotensor.default:
            return func(*args, **kwargs)  # a tangent of zeros: no memory
        tensors = list(_tensors((args, kwargs)))
        result = None
        if all(self._is_known(t) for t in tensors):
            result = self._for_real(func, tensors, args, kwargs)
        if result is None:
            result = self._in_shape(func, tensors, args, kwargs)
        for tensor in _tensors(result):
            self._count(tensor)
        return result

    def _is_known(self, tensor: Tensor) -> bool:
        return tensor.device.type == 'cpu' or (
            tensor.numel() <= SMALL and tensor in self._known)

    def _for_real(self, func: Any, tensors: list, args: tuple,
                  kwargs: dict) -> Any:
        """The result with its numbers; None where that would be too big."""
        device = kwargs.get('device')
        to_meta = device is not None and torch.device(device).type == 'meta'
        here = to_meta or any(t in self._known for t in tensors)
        if here and any(t.numel() > SMALL for t in tensors):
            return None
        if not tensors and to_meta:
            shape = func(*args, **kwargs)
            if shape.numel() > SMALL:
                return shape
        twins = [self._known.get(t, t) for t in tensors]
        real = func(*tree_map(self._twin, args), **{
            **tree_map(self._twin, kwargs),
            **(dict(device='cpu') if to_meta else {})})
        if not here or (device is not None and not to_meta):
            return real

        def place(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            for tensor, twin in zip(tensors, twins):
                if value is twin:
                    return tensor  # changed in place
            placed = torch.empty_strided(
                value.shape, value.stride(), dtype=value.dtype, device='meta')
            self._known[placed] = value
            return placed

        return tree_map(place, real)

    def _in_shape(self, func: Any, tensors: list, args: tuple,
                  kwargs: dict) -> Any:
        """The result without numbers."""
        device = kwargs.get('device')
        if func is aten._local_scalar_dense.default:
            return args[0].dtype is torch.bool or torch.zeros(
                (), dtype=args[0].dtype).item()
        if func is aten._to_copy.default and device is not None and \
                torch.device(device).type == 'cpu':
            return torch.zeros(
                args[0].shape, dtype=kwargs.get('dtype') or args[0].dtype)
        if func is aten.copy_.default and args[0].device.type == 'cpu':
            return args[0]
        if func in INDEXING:
            args = (args[0], self._places(args[1]), *args[2:])
        if any(t.device.type != 'meta' for t in _tensors((args, kwargs))):
            args, kwargs = tree_map(_shape, (args, kwargs))
        result = func(*args, **kwargs)
        if any(result is t for t in tensors):
            # Changed in place by something unknown.
            self._known.pop(result, None)
        return result

    def _places(self, indices: list) -> list:
        """Boolean masks as what they stand for."""
        places: list = []
        for index in indices:
            if index is not None and index.dtype is torch.bool:
                mask = self._twin(index)
                if mask.device.type == 'meta':
                    raise NotImplementedError(
                        'the size of a selection depends on numbers that '
                        'training would compute')
                places += mask.nonzero(as_tuple=True)
            else:
                places.append(index)
        return places

    def _twin(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self._known.get(value, value)
        return value

    def _count(self, tensor: Tensor) -> None:
        if tensor.device.type != 'meta' or tensor._is_zerotensor():
            return
        storage = tensor.untyped_storage()
        if storage._cdata not in self._sizes:
            self._sizes[storage._cdata] = storage.nbytes()
            self.held += storage.nbytes()
            self.peak = max(self.peak, self.held)
            weakref.finalize(storage, self._free, storage._cdata)

    def _free(self, storage: int) -> None:
        self.held -= self._sizes.pop(storage)


def _tensors(tree: Any) -> Iterator[Tensor]:
    """All in lists, tuples and dicts."""
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            yield from _tensors(item)
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from _tensors(item)


def _shape(value: Any) -> Any:
    if isinstance(value, Tensor) and value.device.type != 'meta':
        return value.to('meta')
    return value
