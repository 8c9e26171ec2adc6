"""Reading a checkpoint of a run, and the config that is in it, as data.

A config file is a program. The text that MMEngine puts into a checkpoint is
not meant to be one: it assigns literals. It is parsed as that, and what it
would have built is limited to names that are registered, because a registry
imports and calls what a dotted name stands for (``os.system``).
"""
import ast
import math
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Set, Union

import mmengine.registry
import yaml
from mmengine.config import Config
from mmengine.fileio import handlers
from mmengine.fileio.handlers import PickleHandler, YamlHandler
from mmengine.registry import Registry
from torch import Tensor, nn

from ..datasets.data_files import read_data_pickle
from ..pickled_arrays import RefusedFileError
from ..safe_checkpoints import load_torch_file


def load_run_checkpoint(path: Union[str, Path]) -> Dict[str, Any]:
    """Load what MMEngine's checkpoint hook writes, without running it.

    Args:
        path (str | Path): The file.

    Returns:
        dict: ``state_dict``, ``meta`` and the rest, on the CPU.

    Raises:
        FileNotFoundError: If there is no such file.
        RefusedFileError: If it asks for more than tensors, plain values and
            MMEngine's history.
        ValueError: If it is no checkpoint.
    """
    if Path(path).is_dir():
        raise FileNotFoundError(
            f'{path}: is a folder; name a checkpoint in it, such as '
            f'{Path(path) / "best_*.pth"} or the one in last_checkpoint')
    if not Path(path).is_file():
        raise FileNotFoundError(f'{path}: there is no such checkpoint')
    try:
        checkpoint = load_torch_file(path)
    except RefusedFileError:
        raise
    except ValueError:
        checkpoint = None
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise ValueError(
            f'{path}: must be a checkpoint that a run has written (epoch_*.pth'
            ' in its work directory), or one of tools/convert/unwrap.py, but '
            'is something else or was cut short')
    return checkpoint


def config_in(checkpoint: Dict[str, Any],
              path: Union[str, Path],
              allow: Union[str, Sequence[str]] = (),
              part: str = '') -> Config:
    """Read the config out of a checkpoint, as data.

    Args:
        checkpoint (dict): What :func:`load_run_checkpoint` returns.
        path (str | Path): Its name, for messages.
        allow (str | Sequence[str]): What it may ask for beside registered
            names; see :func:`~meltr_mm.apis.checkpoint.parse_config`.
            Defaults to nothing.
        part (str): What is going to be used of it; likewise. Defaults to
            '': all.

    Returns:
        Config: The config that the run was started with.

    Raises:
        RefusedFileError: If it is more than data, or asks for more.
        ValueError: If there is none in it.
    """
    meta = checkpoint.get('meta')
    text = meta.get('cfg') if isinstance(meta, dict) else None
    if not text:
        raise ValueError(
            f'{path}: there is no config in this checkpoint, which was '
            'converted or exported; give the config as well')
    return parse_config(text, path, allow, part)


def load_weights(model: nn.Module, checkpoint: Dict[str, Any],
                 path: Union[str, Path]) -> None:
    """Load a bare model from a checkpoint of it, or of its MELTRWrapper.

    Args:
        model (nn.Module): The bare model.
        checkpoint (dict): What :func:`load_run_checkpoint` returns.
        path (str | Path): Its name, for messages.

    Raises:
        ValueError: If it belongs to another model or to other sizes; the
            message names a weight.
    """
    weights: Dict[str, Tensor] = checkpoint['state_dict']
    if any(name.startswith('meltr.') for name in weights):
        weights = {
            name[len('model.'):]: value
            for name, value in weights.items() if name.startswith('model.')
        }
    own = model.state_dict()
    wrong = [f'{name} is not in the checkpoint'
             for name in own if name not in weights]
    wrong += [f'{name} is not in the model'
              for name in weights if name not in own]
    wrong += [
        f'{name} is {tuple(weights[name].shape)} in the checkpoint and '
        f'{tuple(value.shape)} in the model' for name, value in own.items()
        if name in weights and weights[name].shape != value.shape
    ]
    if wrong:
        raise ValueError(
            f'{path}: checkpoint and config must belong together, but '
            f'{len(wrong)} weights of {type(model).__name__} differ: '
            f'{wrong[0]}. Give the config that this checkpoint was trained '
            'with, or none if the checkpoint has its own')
    model.load_state_dict(weights)


# What MMEngine builds by name, beside `type`.
_NAMES = ('type', 'constructor', 'runner_type')
_SCOPES = ('default_scope', '_scope_')
_LIBRARIES = ('mmaction', 'mmdet', 'mmpretrain', 'mmseg', 'mmpose', 'mmagic')
_PACKAGE = __name__.split('.', 1)[0]


def parse_config(text: str,
                 path: object,
                 allow: Union[str, Sequence[str]] = (),
                 part: str = '') -> Config:
    """Read a config that is data.

    Args:
        text (str): As MMEngine dumps a config: assignments of literals and
            of ``dict(...)``.
        path (object): The file that it is from, for messages.
        allow (str | Sequence[str]): What it may ask for beside names that
            are registered: other ``type`` s as they stand in the config, and
            modules of ``custom_imports``, which are then imported. Defaults
            to nothing.
        part (str): The part that is going to be used, such as
            'model.meltr'; the others may ask for anything. Defaults to '':
            all of it.

    Returns:
        Config: The config.

    Raises:
        RefusedFileError: If it holds anything but literals, or asks for what
            is neither registered nor allowed; nothing of it was run.
        ValueError: If it has no such part.
    """
    allow = {allow} if isinstance(allow, str) else set(allow)
    try:
        content = _parse(text)
        _obey(content, allow, part)
        # Here references are filled in, so that it is looked at again.
        config = Config(content)
        _obey(config.to_dict(), allow, part)
    except _NotAllowedError as error:
        name = error.args[0]
        raise RefusedFileError(
            f'{path}: refused: its config asks for {name}, which is not '
            'registered; nothing of it was run. If you trust it, allow it '
            f'(--allow-type {name}, or `allow`), or give a config of your own'
        ) from None
    except _MissingPartError:
        raise ValueError(f'{path}: its config must have {part}, but has no '
                         'such part') from None
    except (AttributeError, SyntaxError, ValueError, KeyError, TypeError,
            RecursionError, MemoryError) as error:
        reason = str(error).strip('\'"') or type(error).__name__
        raise RefusedFileError(
            f'{path}: refused: its config must be values only, but {reason}; '
            'nothing of it was run. Give a config of your own instead'
        ) from None
    return config


def _obey(content: Dict[str, Any], allow: Set[str], part: str) -> None:
    """Import what is allowed, and see that no more is asked for."""
    used = content
    for key in part.split('.') if part else ():
        if not isinstance(used, dict) or key not in used:
            raise _MissingPartError
        used = used[key]
    for name in _modules(content):
        if name in allow:
            import_module(name)
        elif name != _PACKAGE and not part:
            raise _NotAllowedError(name)
    for key, value in _named(used):
        _check(key, value, allow)


@contextmanager
def plain_files() -> Iterator[None]:
    """Let MMEngine read pickles and YAML files as data for a while.

    A config names files, too, and ``mmengine.load`` would run what is in
    them.
    """
    before = dict(handlers.file_handlers)
    plain = dict(pkl=_PlainPickle(), pickle=_PlainPickle(), yaml=_PlainYaml(),
                 yml=_PlainYaml())
    handlers.file_handlers.update(plain)
    try:
        yield
    finally:
        handlers.file_handlers.update(before)


class _PlainPickle(PickleHandler):

    def load_from_fileobj(self, file: Any, **kwargs: Any) -> Any:
        return read_data_pickle(file, getattr(file, 'name', 'a pickle'))


class _PlainYaml(YamlHandler):

    def load_from_fileobj(self, file: Any, **kwargs: Any) -> Any:
        return yaml.load(file, Loader=yaml.SafeLoader)


class _MissingPartError(Exception):
    """A config has not what is going to be used."""


class _NotAllowedError(Exception):
    """Its argument is what a config asks for."""


# --------------------------------------------------------- literals, parsed


def _parse(text: Any) -> Dict[str, Any]:
    if not isinstance(text, str):
        raise TypeError(f'it is a {type(text).__name__}')
    content = {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Assign) or not all(
                isinstance(target, ast.Name) for target in statement.targets):
            raise ValueError(_said(text, statement))
        for target in statement.targets:
            content[target.id] = _value(statement.value, text)
    return content


def _value(node: ast.AST, text: str) -> Any:
    if isinstance(node, ast.Constant) and node.value is not Ellipsis:
        return node.value
    if isinstance(node, ast.Name) and node.id in ('inf', 'nan'):
        return getattr(math, node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _value(node.operand, text)
        if type(number) in (int, float):
            return -number
    kinds = {ast.List: list, ast.Tuple: tuple, ast.Set: set}
    if type(node) in kinds:
        return kinds[type(node)](_value(item, text) for item in node.elts)
    if isinstance(node, ast.Dict) and None not in node.keys:
        values = [_value(item, text) for item in node.values]
        return {
            _value(key, text): values[place]
            for place, key in enumerate(node.keys)
        }
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        values = [_value(item, text) for item in node.args]
        names = [keyword.arg for keyword in node.keywords]
        if node.func.id == 'dict' and None not in names and all(
                isinstance(value, dict) for value in values):
            return dict(*values, **{
                keyword.arg: _value(keyword.value, text)
                for keyword in node.keywords
            })
        if node.func.id == 'set' and not values and not names:
            return set()
    raise ValueError(_said(text, node))


def _said(text: str, node: ast.AST) -> str:
    said = ast.get_source_segment(text, node) or ''
    said = said.split('\n')[0][:60]
    return f'line {node.lineno} says `{said}`'


# ------------------------------------------------- what a config asks for


def _named(value: Any) -> Iterator:
    """Go through what a config names, at any depth, as (key, name)."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _NAMES or key in _SCOPES:
                yield key, item
            yield from _named(item)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from _named(item)


def _modules(content: Dict[str, Any]) -> List[Any]:
    """List what ``custom_imports`` names, in the forms that MMEngine takes."""
    modules = content.get('custom_imports') or []
    if isinstance(modules, dict):
        modules = modules.get('imports') or []
    modules = modules if isinstance(modules, (list, tuple)) else [modules]
    return [name if isinstance(name, str) else repr(name) for name in modules]


def _check(key: str, name: Any, allow: Set[str]) -> None:
    if name is None or isinstance(name, str) and name in allow:
        return
    if not isinstance(name, str):
        known = False
    elif key in _SCOPES:
        known = name == 'mmengine' or name in _LIBRARIES and find_spec(name)
    else:
        scope, _, short = name.rpartition('.')
        known = scope in ('', 'mmengine', *_LIBRARIES) and \
            short in _registered(scope)
    if not known:
        raise _NotAllowedError(name)


def _registered(scope: str) -> Set[str]:
    """Names in all registries, or in those of one library."""
    if scope in _LIBRARIES and find_spec(scope):
        import_module(f'{scope}.registry')
    roots = [root for root in vars(mmengine.registry).values()
             if isinstance(root, Registry)]
    return {
        name for root in roots for registry in _tree(root)
        if scope in ('', registry.scope) for name in registry.module_dict
    }


def _tree(registry: Registry) -> Iterator[Registry]:
    with suppress(ImportError):  # of what an optional part of it needs
        registry.import_from_location()
    yield registry
    for child in list(registry.children.values()):
        yield from _tree(child)
