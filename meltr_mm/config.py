"""Values that stand in one place of a config, and keys that nothing reads.

MMEngine copies values while it reads a config file, so that a later
``--cfg-options data_root=...`` changes a name that nobody looks at any more.
In a config that imports this package a text ``'${name}'`` stands for the
value of another key of the config instead::

    frames = 5
    train_inputs = dict(type='VioletInputs', frames='${frames}', ...)
    img_file = '${data_root}/img_msvd.pkl'
    param_scheduler = dict(period='${train_cfg.max_epochs}', ...)

References are filled in when the file has been read, again when options are
merged, and a last time when the Runner is built; in between the config is an
ordinary one. A value written or given at the place itself wins. What a Runner
keeps, and writes beside its checkpoints, has values only.

A key that nothing reads ends the run with the nearest one that is read.

``_base_ = 'meltr_mm::toy/meltr_univl_mosi.py'`` finds the configs of this
package, once it was imported.
"""
import ast
import copy
import os
import re
from difflib import get_close_matches
from typing import (
    Any,
    Dict,
    FrozenSet,
    Iterator,
    List,
    Optional,
    Set,
    Tuple,
    Union,
)

from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner

from .packaged import packaged_path

Place = Tuple[Union[str, int], ...]

_NOTHING: Tuple[dict, dict, FrozenSet[str]] = ({}, {}, frozenset())
_REFERENCE = re.compile(r'\$\{([A-Za-z_][\w.]*)\}')
# What MMEngine and MMAction2's scripts read of a config, at its top.
READ_BY_RUNNER = frozenset((
    'activation_checkpointing', 'auto_scale_lr', 'compile', 'custom_hooks',
    'custom_imports', 'data_preprocessor', 'default_hooks', 'default_scope',
    'efficient_conv_bn_eval', 'env_cfg', 'experiment_name',
    'find_unused_parameters', 'launcher', 'load_from', 'log_level',
    'log_processor', 'model', 'model_wrapper_cfg', 'optim_wrapper',
    'param_scheduler', 'randomness', 'resume', 'runner_type', 'strategy',
    'sync_bn', 'test_cfg', 'test_dataloader', 'test_evaluator', 'train_cfg',
    'train_dataloader', 'tta_model', 'tta_pipeline', 'val_cfg',
    'val_dataloader', 'val_evaluator', 'visualizer', 'work_dir'))
# Their keys are looked up one by one, so that no other one is noticed.
_READ_WITHIN = dict(
    env_cfg=('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'),
    auto_scale_lr=('enable', 'base_batch_size'))


class ConfigKeyError(ValueError):
    """A config has, or is given, a key that nothing reads."""


def fill_in(cfg: Config, options: Tuple[str, ...] = ()) -> List[str]:
    """Put values in the place of all references of a config.

    What was filled in before and is unchanged is filled in anew; what was
    changed since stays. Unknown names are left as they stand.

    Args:
        cfg (Config): Changed in place.
        options (tuple[str]): Dotted keys that are about to be merged; where
            one leads into a copied dict, the copy stays a dict.

    Returns:
        list[str]: What is wrong with references that are left, in words.
    """
    take_out(cfg, options)
    return _put_in(cfg)


def take_out(cfg: Config, options: Tuple[str, ...] = ()) -> None:
    """Undo :func:`fill_in` where nothing was changed since.

    Args:
        cfg (Config): Changed in place.
        options (tuple[str]): See :func:`fill_in`.
    """
    filled, copied, names = vars(cfg).get('_references', _NOTHING)
    if not names:
        return
    root = copy.deepcopy(cfg._cfg_dict)
    for place, (text, value) in filled.items():
        if _found(root, place) == (True, value):
            _set(root, place, text)
    entered = [tuple(key.split('.')) for key in options]
    for place, text in reversed(list(copied.items())):
        steps = tuple(map(str, place))
        if any(key[:len(steps)] == steps and len(key) > len(steps)
               for key in entered):
            continue
        there, value = _found(root, place)
        target = _target(root, _REFERENCE.fullmatch(text)[1])
        if there and target is not None and value == target[0]:
            _set(root, place, text)
    _keep(cfg, root, {}, {}, names)


def _put_in(cfg: Config) -> List[str]:
    root = cfg._cfg_dict
    filled: Dict[Place, Tuple[str, Any]] = {}
    copied: Dict[Place, str] = {}
    # Dicts and lists first, with the references that are in them.
    todo = [place for place, _ in _references(root)]
    while todo:
        place = todo.pop(0)
        text = _found(root, place)[1]
        match = _REFERENCE.fullmatch(text)
        target = _target(root, match[1]) if match else None
        if target and isinstance(target[0], (dict, list, tuple)):
            if len(place) > 50:
                raise ValueError(f'{_dotted(place)}: {text} contains itself')
            value = copy.deepcopy(target[0])
            _set(root, place, value)
            copied[place] = text
            todo += [place + inner for inner, _ in _references(value)]
    problems = []
    for place, text in list(_references(root)):
        value = _value(root, text)
        if isinstance(value, _Unknown):
            problems.append(f'{_dotted(place)} = {text!r} asks for '
                            f'{value.name!r}, which {value.problem}'
                            f'{_suggest(value.name, root, without=False)}')
        else:
            filled[place] = text, value
    for place, (_, value) in filled.items():
        _set(root, place, value)
    names = vars(cfg).get('_references', _NOTHING)[2]
    _keep(cfg, root, filled, copied, names | _read(filled, copied))
    return problems


class _Unknown:

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem


def _value(root: ConfigDict, text: str, seen: Tuple[str, ...] = ()) -> Any:
    """What a text with references stands for: a text, or a single value."""
    values = {}
    for name in _REFERENCE.findall(text):
        if name in seen:
            return _Unknown(name, 'leads back to itself')
        target = _target(root, name)
        if target is None:
            return _Unknown(name, 'the config does not have')
        value = target[0]
        if isinstance(value, str):
            value = _value(root, value, seen + (name, ))
        if isinstance(value, _Unknown):
            return value
        values[name] = value
    if _REFERENCE.fullmatch(text):
        return value
    return _REFERENCE.sub(lambda match: str(values[match[1]]), text)


def _target(root: Any, name: str) -> Optional[tuple]:
    """The value behind a dotted name, in a tuple; None if there is none.

    References on the way, and one at the end that is nothing else, are
    followed.
    """
    node = root
    for _ in range(100):
        steps = name.split('.')
        while steps:
            there, node = _found(node, (steps.pop(0), ))
            if not there:
                return None
            match = isinstance(node, str) and _REFERENCE.fullmatch(node)
            if match:
                break
        if not steps and not match:
            return (node, )
        if not match:
            return None
        node, name = root, '.'.join([match[1], *steps])
    return None


def _references(node: Any, place: Place = ()) -> Iterator[Tuple[Place, str]]:
    if isinstance(node, str):
        if _REFERENCE.search(node):
            yield place, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _references(value, place + (key, ))
    elif isinstance(node, (list, tuple)):
        for number, value in enumerate(node):
            yield from _references(value, place + (number, ))


def _found(node: Any, place: Place) -> Tuple[bool, Any]:
    for step in place:
        if isinstance(node, (list, tuple)):
            if not str(step).isdigit() or int(step) >= len(node):
                return False, None
            node = node[int(step)]
        elif isinstance(node, dict) and step in node:
            node = node[step]
        else:
            return False, None
    return True, node


def _set(node: Any, place: Place, value: Any) -> None:
    parent = _found(node, place[:-1])[1]
    if isinstance(parent, tuple):
        changed = list(parent)
        changed[place[-1]] = value
        _set(node, place[:-1], tuple(changed))
    else:
        parent[place[-1]] = value


def _keep(cfg: Config, root: ConfigDict, filled: dict, copied: dict,
          names: FrozenSet[str]) -> None:
    # Config's own __setattr__ writes into the config. Kept are the places
    # with values and with copies, and all names that were ever asked for.
    object.__setattr__(cfg, '_cfg_dict', root)
    object.__setattr__(cfg, '_references', (filled, copied, names))


def _read(filled: dict, copied: dict) -> FrozenSet[str]:
    texts = [text for text, _ in filled.values()] + list(copied.values())
    return frozenset(name.split('.')[0] for text in texts
                     for name in _REFERENCE.findall(text))


def _dotted(place: Place) -> str:
    return '.'.join(map(str, place))


def read_names(cfg: Config) -> FrozenSet[str]:
    """Keys at the top of a config that something reads.

    Args:
        cfg (Config): Filled in.

    Returns:
        frozenset[str]: Those of the Runner and those of references.
    """
    filled, copied, _ = vars(cfg).get('_references', _NOTHING)
    return READ_BY_RUNNER | _read(filled, copied)


def check_options(cfg: Config, options: Dict[str, Any]) -> None:
    """Check the keys of ``--cfg-options``.

    Args:
        cfg (Config): With the options merged, filled in.
        options (dict): Dotted key -> value.

    Raises:
        ConfigKeyError: If nothing reads one of them.
    """
    read = read_names(cfg)
    for key in options:
        head, _, rest = key.partition('.')
        known = _READ_WITHIN.get(head, ())
        if head in read and (not known or not rest or
                             rest.split('.')[0] in known):
            continue
        raise ConfigKeyError(
            f'nothing reads the option {key!r}{_suggest(key, cfg._cfg_dict)}')


def check_keys(cfg: Config) -> None:
    """Check the keys at the top of a config.

    What the config file itself sets must be read by the Runner, by a
    reference, or further on in the file. Of what it inherits, where others
    may have replaced the reader, nothing may be nearly a key that is read.

    Args:
        cfg (Config): Filled in.

    Raises:
        ConfigKeyError: If nothing reads one of them.
    """
    read = READ_BY_RUNNER | vars(cfg).get('_references', _NOTHING)[2]
    # A config that was written by MMEngine has values only, with their names.
    own = _set_and_not_used(cfg.filename) if read > READ_BY_RUNNER else ()
    for key in cfg:
        if key not in read and not key.startswith('_') and (
                key in own or get_close_matches(key, read, 1, 0.9)):
            raise ConfigKeyError(
                f'{cfg.filename}: nothing reads the key {key!r}'
                f'{_suggest(key, cfg._cfg_dict)}')


def _set_and_not_used(filename: Optional[str]) -> Set[str]:
    """Names that a config file sets and does not use itself."""
    if not filename or not filename.endswith('.py') or \
            not os.path.isfile(filename):
        return set()
    with open(filename, encoding='utf-8') as file:
        tree = ast.parse(file.read())
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    used = {node.id for node in names if not isinstance(node.ctx, ast.Store)}
    return {node.id for node in names} - used - {'_base_'}


def _suggest(key: str, root: ConfigDict, without: bool = True) -> str:
    """The nearest key that exists, as a question; or nothing.

    ``without``: not the key itself, which nothing reads.
    """
    head, _, rest = key.partition('.')
    if rest and head in _READ_WITHIN:
        near = get_close_matches(rest, _READ_WITHIN[head], 1)
        return f'; did you mean {f"{head}.{near[0]}"!r}?' if near else ''
    heads = READ_BY_RUNNER.union(root) - ({head} if without else set())
    near = get_close_matches(head, sorted(heads), 1, 0.75)
    if near:
        return f'; did you mean {".".join(filter(None, [*near, rest]))!r}?'
    last = key.split('.')[-1]
    places = [_dotted(place) for place in _places_of(last, root)]
    return f'; did you mean {places[0]!r}?' if places else ''


def _places_of(name: str, node: Any, place: Place = ()) -> Iterator[Place]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if key == name and place:
            yield place + (key, )
        if isinstance(value, (dict, list, tuple)):
            yield from _places_of(name, value, place + (key, ))


def imports_us(cfg: Config) -> bool:
    """Whether a config asks for this package.

    Args:
        cfg (Config): Any config.

    Returns:
        bool: True if ``custom_imports`` names it.
    """
    imports = (cfg._cfg_dict.get('custom_imports') or {}).get('imports', [])
    return 'meltr_mm' in ([imports] if isinstance(imports, str) else imports)


def completed(cfg: Config) -> Config:
    """Make the config that a Runner keeps: values only, all of them read.

    Args:
        cfg (Config): Not changed.

    Returns:
        Config: A copy.

    Raises:
        ConfigKeyError: For a key that nothing reads, or a reference to none.
    """
    cfg = copy.deepcopy(cfg)
    problems = fill_in(cfg)
    if problems:
        raise ConfigKeyError(f'{cfg.filename}: {problems[0]}')
    check_keys(cfg)
    values = vars(cfg).get('_references', _NOTHING)[2] - READ_BY_RUNNER
    for key in list(cfg):
        if key.startswith('_') or key in values:
            cfg.pop(key)
    object.__setattr__(cfg, '_references', _NOTHING)
    # yapf takes seconds to fold long paths, and a Runner asks it four times
    # and for each checkpoint. What is not folded is as good a config.
    object.__setattr__(cfg, '_format_python_code', False)
    return cfg


def install() -> None:
    """Let MMEngine's configs that import this package do all that.

    ``custom_imports`` is obeyed after a file was read and before its Config
    is made, so that the config which imports the package has references, too.
    Doing it twice changes nothing.
    """
    if hasattr(Config.__init__, 'meltr_mm'):
        return
    init, merge = Config.__init__, Config.merge_from_dict
    from_cfg, cfg_path = Runner.from_cfg.__func__, Config._get_cfg_path

    def config_init(self, *args, **kwargs) -> None:
        init(self, *args, **kwargs)
        if imports_us(self):
            fill_in(self)

    def merge_from_dict(self, options: dict, *args, **kwargs) -> None:
        ours = imports_us(self)
        if ours:
            take_out(self, tuple(options))
        merge(self, options, *args, **kwargs)
        if ours:
            _put_in(self)
            check_options(self, options)

    def runner_from_cfg(cls: type, cfg: Any) -> Runner:
        if isinstance(cfg, Config) and imports_us(cfg):
            cfg = completed(cfg)
        return from_cfg(cls, cfg)

    def base_path(path: str, *args, **kwargs) -> tuple:
        package, _, name = path.partition('::')
        if package == 'meltr_mm':
            return packaged_path(f'configs/{name}'), None
        return cfg_path(path, *args, **kwargs)

    for new, old in ((config_init, init), (merge_from_dict, merge),
                     (runner_from_cfg, from_cfg)):
        new.__doc__ = old.__doc__
    config_init.meltr_mm = True
    Config.__init__ = config_init
    Config.merge_from_dict = merge_from_dict
    Config._get_cfg_path = staticmethod(base_path)
    Runner.from_cfg = classmethod(runner_from_cfg)
