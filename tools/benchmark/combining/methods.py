"""Ways to combine losses, as changes of a MELTR config.

A method is a name, and options after a colon where it has some:
``meltr:start=primary,gamma=0``.
"""
import math
from typing import Any, Callable, Dict, List, NamedTuple, Tuple, Union

import numpy as np
from mmengine.config import Config

from meltr_mm.meltr.loss_transformer import STARTS

ORACLE_DRAWS = 24
# Of UniVL's released commands.
OFFICIAL_META_LR = 1e-3
COMBINERS = dict(
    sum=dict(type='PlainSum'),
    scaled_sum=dict(type='ScaledSum'),
    # Until half of the training; `apply` fills the iterations in.
    fading_sum=dict(type='FadingSum'),
    rlw=dict(type='RandomWeights'),
    dwa=dict(type='DynamicWeightAverage', period=25),
    uncertainty=dict(type='UncertaintyWeights'),
    upgrad=dict(type='GradientAggregator', aggregator='UPGrad'),
    pcgrad=dict(type='GradientAggregator', aggregator='PCGrad'),
    mgda=dict(type='GradientAggregator', aggregator='MGDA'),
    aligned_mtl=dict(type='GradientAggregator', aggregator='AlignedMTL'),
    cagrad=dict(
        type='GradientAggregator', aggregator='CAGrad', options=dict(c=0.4)),
    nash_mtl=dict(type='GradientAggregator', aggregator='NashMTL'))
# Learnt by meta steps as MELTR is, in its place.
META_COMBINERS = dict(
    learnt_weights=dict(type='LearntWeights'),
    auxilearn=dict(type='MonotoneNetwork'))
METHODS = ('primary', 'meltr', 'meltr_official', *COMBINERS, *META_COMBINERS,
           *(f'oracle_{draw}' for draw in range(ORACLE_DRAWS)))

INVERSE_HESSIANS = dict(
    identity=None,
    adam=dict(type='AdamPreconditioner', project=False),
    project=dict(type='AdamPreconditioner', project=True))


def _meta(cfg: Config, value: str) -> None:
    # Where the meta objective is evaluated.
    if value == 'training':
        use_training_meta_batches(cfg)
    elif not cfg.optim_wrapper.get('meta_dataloader'):
        loader = cfg.train_dataloader
        split = dict(type='SeededSplit', part='train', fraction=0.2,
                     group_by='sample', dataset=loader.dataset)
        loader.dataset = split
        cfg.optim_wrapper.meta_dataloader = dict(
            loader, dataset=dict(split, part='meta'))


def _held_out(cfg: Config) -> Any:
    loader = cfg.optim_wrapper.get('meta_dataloader')
    if not loader:
        raise ValueError('meta_batch and fraction are of held-out meta '
                         'batches; give meta=held_out, too')
    return loader


def _fraction(cfg: Config, value: float) -> None:
    for loader in (cfg.train_dataloader, _held_out(cfg)):
        loader.dataset.fraction = value


def _meta_batch(cfg: Config, value: int) -> None:
    _held_out(cfg).batch_size = value


def _hessian(cfg: Config, value: str) -> None:
    cfg.optim_wrapper.inverse_hessian = INVERSE_HESSIANS[value]


class Option(NamedTuple):
    """What may be asked of a learnt method.

    Attributes:
        wanted (str): Its values, in words.
        read (Callable): The value of a text; ValueError if it has none.
        set (Callable or str): Changes a config, or the key that it changes.
    """
    wanted: str
    read: Callable[[str], Any]
    set: Union[Callable[[Config, Any], None], str]


def _one_of(*choices: str) -> Tuple[str, Callable[[str], str]]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return text

    return 'one of ' + ', '.join(choices), read


def _number(kind: type, low: float, high: float = math.inf,
            strict: bool = False) -> Tuple[str, Callable[[str], Any]]:
    def read(text: str) -> Any:
        value = kind(text)
        if not low <= value < high or strict and value == low:
            raise ValueError(text)
        return value

    words = 'a whole number' if kind is int else 'a number'
    words += f' above {low:g}' if strict else f', {low:g} or more'
    return words + (f' and below {high:g}' if high < math.inf else ''), read


def _switch(text: str) -> bool:
    return dict(zip('01', (False, True)))[text]


OPTIONS: Dict[str, Option] = dict(
    start=Option(*_one_of(*STARTS), 'model.meltr.start'),
    gamma=Option(*_number(float, 0), 'optim_wrapper.gamma'),
    interval=Option(*_number(int, 1), 'optim_wrapper.interval'),
    meta_lr=Option(*_number(float, 0), 'optim_wrapper.meta_optimizer.lr'),
    meta_batch=Option(*_number(int, 1), _meta_batch),
    direct=Option('0 or 1', _switch, 'optim_wrapper.direct_regulariser'),
    normalise=Option('0 or 1', _switch, 'model.meltr.normalise'),
    scale=Option('0 or 1', _switch, 'model.meltr.scale_losses'),
    hessian=Option(*_one_of(*INVERSE_HESSIANS), _hessian),
    fraction=Option(*_number(float, 0, 1, strict=True), _fraction),
    meta=Option(*_one_of('training', 'held_out'), _meta))


def parse(method: str) -> Tuple[str, Dict[str, str]]:
    """Split a method into its name and options.

    Args:
        method (str): Such as ``'meltr:gamma=0'``.

    Returns:
        tuple[str, dict[str, str]]: The name, and the value of each option.

    Raises:
        ValueError: If there is no such method, option or value.
    """
    name, _, rest = method.partition(':')
    if name not in METHODS:
        raise ValueError(
            f'a method must be one of {METHODS}, but got {name!r}')
    options = dict(
        item.partition('=')[::2] for item in rest.split(',') if item)
    allowed = [
        option for option, (_, _, target) in OPTIONS.items()
        if name in ('meltr', 'meltr_official') or name in META_COMBINERS
        and not str(target).startswith('model.meltr.')]
    if set(options) - set(allowed):
        raise ValueError(
            f'the options of {name} are {allowed}, but got {method!r}'
            if allowed else f'{name} has no options, but got {method!r}')
    for option, value in options.items():
        try:
            OPTIONS[option].read(value)
        except (KeyError, ValueError):
            raise ValueError(
                f'{option} of {name} must be {OPTIONS[option].wanted}, but '
                f'got {method!r}') from None
    return name, options


def apply(cfg: Config, method: str) -> None:
    """Let a config combine its losses in another way.

    What is not learnt by meta steps trains on all training samples, and with
    the plain OptimWrapper.

    Args:
        cfg (Config): A config with MELTRWrapper and AIDOptimWrapper; changed
            in place.
        method (str): See :func:`parse`.

    Raises:
        ValueError: If it has no MELTRWrapper, or no AIDOptimWrapper for what
            is learnt.
    """
    name, options = parse(method)
    learnt = name.startswith('meltr') or name in META_COMBINERS
    if 'meltr' not in cfg.get('model', {}) or learnt and (
            'meta_optimizer' not in cfg.get('optim_wrapper', {})):
        raise ValueError(
            f'{method} needs a config with MELTRWrapper, and with an '
            'AIDOptimWrapper if it is learnt; tools/analysis/suggest.py '
            'prints their lines')
    if name in META_COMBINERS:
        _replace(cfg, META_COMBINERS[name])
    elif name == 'meltr_official':
        # All-in-one's MELTR starts from N(0, 0.02), the others' from torch's.
        normal = cfg.model.model.get('type') == 'AllInOne'
        cfg.model.meltr.start = 'normal' if normal else 'random'
        cfg.model.meltr.scale_losses = False
        cfg.model.meltr.normalise = False
        cfg.optim_wrapper.inverse_hessian = None
        cfg.optim_wrapper.gamma = 0.1
        cfg.optim_wrapper.interval = 5 if normal else 3
        cfg.optim_wrapper.meta_optimizer.lr = OFFICIAL_META_LR
        _meta(cfg, 'training')
    elif name != 'meltr':
        if name == 'primary':
            cfg.model.losses = [cfg.model.primary]
            combiner = COMBINERS['sum']
        elif name in COMBINERS:
            combiner = COMBINERS[name]
        else:
            combiner = dict(
                type='FixedWeights',
                weights=oracle_weights(cfg, int(name.rpartition('_')[2])))
        _replace(cfg, combiner)
        _without_meta_steps(cfg)
    # `fraction` and `meta_batch` change what `meta` makes.
    for option in sorted(options, key=lambda option: option != 'meta'):
        _, read, target = OPTIONS[option]
        value = read(options[option])
        if isinstance(target, str):
            cfg.merge_from_dict({target: value})
        else:
            target(cfg, value)


def oracle_weights(cfg: Config, draw: int) -> List[float]:
    """Weights of a random search: from 0.03 to 30, log-uniform.

    Args:
        cfg (Config): Says how many losses there are.
        draw (int): Which draw.

    Returns:
        list[float]: One per loss; the primary one has 1.
    """
    rng = np.random.default_rng(draw)
    weights = 10**rng.uniform(-1.5, 1.5, len(cfg.model.losses))
    weights[list(cfg.model.losses).index(cfg.model.primary)] = 1.
    return [round(float(weight), 4) for weight in weights]


def use_training_meta_batches(cfg: Config) -> None:
    """Keep nothing out of training for MELTR; recent batches judge it."""
    held_out = cfg.optim_wrapper.pop('meta_dataloader', None)
    dataset = cfg.train_dataloader.dataset
    if held_out and dataset.get('type') == 'SeededSplit':
        cfg.train_dataloader.dataset = dataset.dataset


def _replace(cfg: Config, combiner: dict) -> None:
    cfg.model.pop('meltr')
    cfg.model.meltr = dict(combiner)


def _without_meta_steps(cfg: Config) -> None:
    use_training_meta_batches(cfg)
    old = cfg.pop('optim_wrapper')
    kept = ('optimizer', 'clip_grad', 'paramwise_cfg', 'accumulative_counts',
            'loss_scale', 'dtype')
    amp = 'Amp' in old.type
    cfg.optim_wrapper = dict(
        type='AmpOptimWrapper' if amp else 'OptimWrapper',
        **{key: old[key] for key in kept if key in old})
