"""The memory that training with a config needs, without such a machine.

    python tools/benchmark/memory.py CONFIG ... [--batch-size N] [--real]

Builds the config's model at its size from random weights and trains it for
three updates, the last with a meta step, on generated clips in the files of
its data set; nothing is overridden but paths, tokenizer and when meta steps
come. Tensors have their shapes alone (shapes_only.py), so that the config's
own batch size fits anywhere; ``--real`` computes with numbers on the CPU
instead and lets torch's profiler add up what is allocated, which shows for a
small batch that both agree. Optimisers are torch's `foreach` ones, the
default on a GPU.

Printed are the bytes of tensors in GiB: between two updates, and at most in
one without and in one with a meta step in reverse mode, which each run has at
first, to compare forward mode with it. A GPU needs more: its context, the
workspace of kernels, and what fragments.
"""
import argparse
import logging
import tempfile
import time
import warnings
from pathlib import Path
from typing import Callable, List, Sequence, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import (
    DATASETS,
    FUNCTIONS,
    MODELS,
    init_default_scope,
)
from shapes_only import ShapesOnly
from torch import nn
from torch.profiler import ProfilerActivity, profile

import meltr_mm  # noqa: F401  registers everything
from meltr_mm import toyworld

GIB = 2**30
# Of data sets in toyworld, by the folder of the real one.
DATA = dict(msvd='msvd_qa', tgif='tgif_qa')
# Real names of files whose generated twins have other ones.
TWINS = {
    'youcookii_data.no_transcript.pickle': 'youcookii_data.transcript.pickle',
    'MSRVTT_transcript_data_v2.json': 'MSRVTT_data.json',
}
Peaks = Tuple[int, int, int]


def with_data(config: str, folder: str, clips: int) -> Config:
    """The config on generated clips, which are written into the folder."""
    cfg = Config.fromfile(config)
    name = Path(cfg.data_root).name
    name = DATA.get(name, name)
    options = dict(frames=cfg.get('frames'), size=cfg.get('size'))
    if 'feature_dim' in cfg:
        name = 'msrvtt_feature' if name == 'msrvtt' else name
        options = dict(feature_dim=cfg.feature_dim)
    root = Path(folder) / name
    getattr(toyworld, f'write_{name}')(
        str(root), sizes=dict(train=clips, val=1, test=1), **options)
    for link, target in TWINS.items():
        if (root / target).exists():
            (root / link).symlink_to(target)
    for video in root.glob('videos/*.mp4'):
        video.with_suffix('.avi').symlink_to(video.name)
    cfg.merge_from_dict(dict(data_root=str(root), tokenizer='minilm'))
    return cfg


def batch(cfg: Config, size: int) -> dict:
    """A batch as it leaves the config's training loader."""
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    # Far from each other, so of several videos.
    samples = [dataset[len(dataset) * i // size] for i in range(size)]
    collate = cfg.train_dataloader.get(
        'collate_fn', dict(type='pseudo_collate'))
    return FUNCTIONS.get(collate['type'])(samples)


def train(model: nn.Module, cfg: Config, data: dict,
          after: Callable[[], None]) -> None:
    """Three updates, the last with a meta step; ``after`` each is called."""
    options = dict(
        cfg.optim_wrapper, interval=3, begin=3, estimator='vjp')
    # Batches of an update follow each other; more do not hold more.
    options['accumulative_counts'] = min(
        2, options.get('accumulative_counts', 1))
    for name in ('optimizer', 'meta_optimizer'):
        if hasattr(torch.optim, options[name]['type']):
            options[name] = dict(options[name], fused=False, foreach=True)
    wrapper = build_optim_wrapper(model, options)
    for _ in range(3):
        for _ in range(options['accumulative_counts']):
            model.train_step(data, wrapper)
        after()
    if wrapper.meta_steps != 1:
        raise RuntimeError('there was no meta step: something of this model '
                           'at random weights is not finite')


def peaks(cfg: Config, size: int) -> Peaks:
    """Bytes between updates, and at most in one without and with meta step.

    Args:
        cfg (Config): See :func:`with_data`.
        size (int): Of the batch.
    """
    data, noted = batch(cfg, size), []
    model = MODELS.build(cfg.model)
    with ShapesOnly() as memory:
        memory.take(model)

        def note() -> None:
            noted.append((memory.held, memory.peak))
            memory.peak = memory.held

        train(model, cfg, data, note)
    # The first update has no moments yet.
    return noted[1][0], noted[1][1], noted[2][1]


def real_peaks(cfg: Config, size: int) -> Peaks:
    """The same by what torch allocates in a training with numbers."""
    data, ends = batch(cfg, size), []
    with profile(activities=[ProfilerActivity.CPU],
                 profile_memory=True) as profiler:
        model = MODELS.build(cfg.model)
        train(model, cfg, data, lambda: ends.append(time.time_ns()))
    times, held = allocated(profiler)
    first, second, third = np.searchsorted(times, ends)
    return (int(held[second - 1]), int(held[first:second].max()),
            int(held[second:third].max()))


def allocated(profiler: profile) -> Sequence[np.ndarray]:
    """Times (N,) in ns, and what is held after each of N allocations."""
    events = [
        (event.start_ns() if hasattr(event, 'start_ns')
         else event.start_us() * 1000, event.nbytes())
        for event in profiler.profiler.kineto_results.events()
        if event.name() == '[memory]']
    events.sort(key=lambda event: event[0])
    times, sizes = np.array(events).T
    return times, np.cumsum(sizes)


def row(config: str, size: int = 0, real: bool = False) -> str:
    """A row of the table; without a size the config's own."""
    with tempfile.TemporaryDirectory() as folder:
        size = size or Config.fromfile(config).train_dataloader.batch_size
        # YouCook2 has five clips in a video.
        cfg = with_data(config, folder, 5 * max(size, 2))
        torch.manual_seed(0)
        values = (real_peaks if real else peaks)(cfg, size)
    name = config.replace('configs/', '')
    return ' | '.join([f'| `{name}`', str(size),
                       *(f'{value / GIB:#.3g}' for value in values)]) + ' |'


def shapes_suffice() -> bool:
    """Whether torch's optimisers work with shapes alone."""
    try:
        torch._foreach_div_([torch.zeros(1, device='meta')], [1.])
    except NotImplementedError:  # 2.1
        return False
    return True


def main(arguments: List[str] = None) -> None:
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    parser.add_argument('--batch-size', type=int, default=0,
                        help="default: the config's own")
    parser.add_argument('--real', action='store_true',
                        help='compute with numbers, on the CPU')
    args = parser.parse_args(arguments)
    if not args.real and not shapes_suffice():
        parser.error('this torch has optimisers for real numbers only; take a '
                     'newer one (2.13 does), or --real')
    init_default_scope('mmaction')
    print('| config | batch | between updates | update | with meta step |\n'
          '|---|---|---|---|---|')
    for config in args.configs:
        print(row(config, args.batch_size, args.real), flush=True)


if __name__ == '__main__':
    logging.disable(logging.WARNING)
    warnings.simplefilter('ignore')
    main()
