"""The tasks of the study: toy configs in a cheap form, and stress tests.

R2 is a toy config from scratch, with all its training samples. R1, whose
names end in ``_pretrained``, is the paper's setting: the model is first
trained with its own objectives on another, unlabelled world, by a config
``configs/toy/pretrain_*.py``, then fine-tuned on LABELLED samples. R3 is in
:mod:`combining.stress`.
"""
import copy
import fcntl
import random
import re
import zlib
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import DATASETS

from meltr_mm import toyworld

from . import methods, running, stress

CONFIGS = Path(__file__).resolve().parents[3] / 'configs' / 'toy'
LABELLED = 200
PRETRAINED = '_pretrained'
# Another world for pre-training than any that is tested on.
ELSEWHERE = 1000
# Random masks of a training sample that are drawn; an epoch uses the next.
DRAWS = 4


class Form(NamedTuple):
    """What makes a toy config cheap: its length, and the size of its data.

    Attributes:
        updates (int): From scratch and after pre-training; pre-training has
            twice as many.
        batch_size (int): Of training batches.
        clips (int): Training clips that are generated.
        start (str, optional): Where MELTR begins in a training of this
            length from scratch, if not where the config says.
        pretrained_start (str): The same, of a pre-trained model.
    """
    updates: int
    batch_size: int
    clips: int = 1000
    start: Optional[str] = None
    pretrained_start: str = 'primary'


FORMS = {
    'meltr_univl_mosi': Form(300, 8),
    'meltr_univl_msrvtt7k_retrieval': Form(400, 8),
    'meltr_univl_msrvtt_captioning': Form(300, 8),
    'meltr_violet_msvdqa': Form(250, 8, 400, start='primary'),
    'meltr_all_in_one_msrvtt_mc': Form(
        200, 4, 400, pretrained_start='sum'),
}
NAMES = (*FORMS, *(name + PRETRAINED for name in FORMS), *stress.CELLS)


class Task(NamedTuple):
    """A task of the study.

    Attributes:
        config (Callable): Builds its config from the seed of the world and
            the folder for generated data and checkpoints.
        metric (str): The test metric that counts.
        higher_is_better (bool): Its direction.
    """
    config: Callable[[int, Path], Config]
    metric: str
    higher_is_better: bool


def find(name: str) -> Task:
    """Find a task by its name.

    Args:
        name (str): One of ``NAMES``, or another file of ``configs/toy``
            without its ending.

    Returns:
        Task: The task.

    Raises:
        ValueError: If there is none of this name.
    """
    if name in stress.CELLS:
        return Task(lambda world, out: stress.config(name, world),
                    'accuracy', True)
    pretrained = name.endswith(PRETRAINED)
    leaf = name[:-len(PRETRAINED)] if pretrained else name
    form = FORMS.get(leaf, Form(200, 8))
    file = CONFIGS / f'{leaf}.py'
    if not file.exists() or pretrained and leaf not in FORMS:
        raise ValueError(f'a task must be one of {NAMES}, or another file of '
                         f'configs/toy without .py, but got {name!r}')

    def config(world: int, out: Path) -> Config:
        cfg = _toy(file, form, form.updates, world, out)
        if not pretrained:
            cfg.model.meltr.start = form.start or cfg.model.meltr.start
            return cfg
        # What the full-size configs, whose models are pre-trained, have.
        cfg.model.meltr.start = form.pretrained_start
        cfg.load_from = str(_checkpoint(file, form, world, out))
        _innermost(cfg.train_dataloader).indices = LABELLED
        return cfg

    return Task(config, *metric_of(Config.fromfile(file)))


def template(name: str) -> Config:
    """The config of a task, before data are made or weights trained for it.

    Args:
        name (str): See :func:`find`.

    Returns:
        Config: What methods can be tried on.
    """
    if name in stress.CELLS:
        return stress.config(name, 0)
    leaf = name[:-len(PRETRAINED)] if name.endswith(PRETRAINED) else name
    return Config.fromfile(CONFIGS / f'{leaf}.py')


def metric_of(cfg: Config, metric: Optional[str] = None) -> Tuple[str, bool]:
    """The metric by which a config chooses its best checkpoint.

    Args:
        cfg (Config): The config.
        metric (str, optional): Another one; with a leading - lower is
            better. Defaults to the config's.

    Returns:
        tuple[str, bool]: The key, and whether higher is better.

    Raises:
        ValueError: If neither says which.
    """
    if metric is not None:
        return metric.lstrip('-'), not metric.startswith('-')
    hook = cfg.get('default_hooks', {}).get('checkpoint') or {}
    if not hook.get('save_best') or hook['save_best'] == 'auto':
        raise ValueError('the config does not say which metric counts '
                         '(default_hooks.checkpoint.save_best); give '
                         '--metric')
    return hook['save_best'], hook.get('rule', 'greater') == 'greater'


def _toy(file: Path, form: Form, updates: int, world: int,
         out: Path) -> Config:
    cfg = Config.fromfile(file)
    root = out / 'data' / f'world{world}'
    text = repr(cfg.to_dict())
    for folder, data in set(re.findall(r"'([^']*/toy)/(\w+)", text)):
        if not hasattr(toyworld, f'write_{data}'):
            continue  # the work directory
        _write(root, data, world, form.clips)
        cfg = Config(_moved(cfg.to_dict(), folder, str(root)),
                     filename=str(file))
    loader = cfg.train_dataloader
    loader.batch_size = form.batch_size
    loader.sampler = dict(type='InfiniteSampler', shuffle=True)
    # Nothing is chosen by validation, so nothing is kept for it.
    loader.dataset = _innermost(loader)
    cfg.pop('train_cfg')
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=updates, val_interval=10**9)
    cfg.param_scheduler = [
        dict(type='LinearLR', start_factor=0.02, by_epoch=False,
             end=updates // 10),
        dict(type='PolyLR', power=1, eta_min=0., by_epoch=False,
             begin=updates // 10, end=updates)
    ]
    return cfg


def _write(root: Path, data: str, seed: int, clips: int) -> None:
    writer = getattr(toyworld, f'write_{data}')
    root.mkdir(parents=True, exist_ok=True)
    with open(root / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another job may need it too
        writer(str(root / data), seed=seed,
               sizes=dict(train=clips, val=20, test=160))


def _moved(value: Any, folder: str, root: str) -> Any:
    """The same config with its data below another folder."""
    if isinstance(value, dict):
        return {k: _moved(v, folder, root) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(v, folder, root) for v in value)
    return value.replace(folder, root) if isinstance(value, str) else value


def _checkpoint(file: Path, form: Form, world: int, out: Path) -> Path:
    """Pre-train with the model's own losses, once per world."""
    path = out / 'checkpoints' / f'{file.stem}_world{world}.pth'
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix('.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            cfg = _toy(file.with_name(file.name.replace('meltr', 'pretrain')),
                       form, 2 * form.updates, world + ELSEWHERE, out)
            methods.apply(cfg, 'sum')
            remember_samples(cfg)
            running.pretrain(cfg, world, str(path))
    return path


def _loaders(cfg: Config) -> Iterator[ConfigDict]:
    yield cfg.train_dataloader
    if cfg.get('test_dataloader'):
        yield cfg.test_dataloader
    if cfg.optim_wrapper.get('meta_dataloader'):
        yield cfg.optim_wrapper.meta_dataloader


def _innermost(loader: ConfigDict) -> ConfigDict:
    dataset = loader.get('dataset', ConfigDict())
    while dataset.get('type') == 'SeededSplit':
        dataset = dataset.dataset
    return dataset


def remember_samples(cfg: Config) -> None:
    """Let a config keep its decoded and tokenised samples in memory.

    Args:
        cfg (Config): Changed in place.
    """
    for loader in _loaders(cfg):
        inner = _innermost(loader)
        if inner.type in ('StressSamples', 'RememberedSamples'):
            continue
        kept = copy.deepcopy(inner)
        test = bool(inner.get('test_mode'))
        inner.clear()
        inner.update(type='RememberedSamples', dataset=kept,
                     draws=1 if test else DRAWS)


_MEMORY: Dict[str, Dict[Tuple[int, int], Any]] = {}
_BUILT: Dict[str, Any] = {}


@DATASETS.register_module()
class RememberedSamples(torch.utils.data.Dataset):
    """A dataset whose samples are made once per process.

    Random masks are drawn a few times per sample, and the draws taken in
    turn, the same ones in every run.

    Args:
        dataset (dict): The dataset.
        draws (int): Draws per sample.
    """

    def __init__(self, dataset: dict, draws: int) -> None:
        key = repr(sorted(dataset.items(), key=str))
        if key not in _BUILT:
            _BUILT[key] = DATASETS.build(dataset)
        self.dataset = _BUILT[key]
        self.memory = _MEMORY.setdefault(key, {})
        self.draws = draws
        self.times: Dict[int, int] = {}

    def __getattr__(self, name: str) -> Any:
        if name == 'dataset':
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, idx: int) -> dict:
        draw = self.times[idx] = self.times.get(idx, -1) + 1
        key = (idx, draw % self.draws)
        if key not in self.memory:
            state = (torch.get_rng_state(), np.random.get_state(),
                     random.getstate())
            seed = zlib.crc32(repr(key).encode())
            torch.manual_seed(seed)
            np.random.seed(seed)
            random.seed(seed)
            self.memory[key] = self.dataset[idx]
            torch.set_rng_state(state[0])
            np.random.set_state(state[1])
            random.setstate(state[2])
        sample = dict(self.memory[key])
        # The model writes its predictions into it.
        sample['data_samples'] = sample['data_samples'].new()
        return sample
