"""One run: train a config, test the final weights."""
import logging
import tempfile
import time
from numbers import Number
from typing import Any, Dict, List, Optional

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

POINTS = 20
# Hooks of ours that write, draw or speak; others change what is trained.
OF_A_RUN = ('TaskWeightPlotHook', 'MELTRHealthHook', 'ValidateOnResumeHook',
            'RunWarningsHook', 'RunLogHook', 'ResumeHook')
_started = 0


@HOOKS.register_module()
class NoteWeights(Hook):
    """Note the task weights of every iteration."""

    def __init__(self) -> None:
        self.rows: List[Dict[str, float]] = []

    def after_train_iter(self, runner: Runner, batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[dict] = None) -> None:
        """Note what the log would show."""
        self.rows.append({
            key.partition('/')[2]: float(value)
            for key, value in outputs.items() if key.startswith('weight/')})

    def means(self) -> Dict[str, List[float]]:
        """Per loss, the mean weights of equal parts of the run.

        Returns:
            dict[str, list[float]]: At most ``POINTS`` numbers each.
        """
        count = len(self.rows)
        edges = [round(i * count / POINTS) for i in range(POINTS + 1)]
        parts = [self.rows[a:b] for a, b in zip(edges, edges[1:]) if b > a]
        return {name: [
            round(sum(row[name] for row in part) / len(part), 5)
            for part in parts] for name in (self.rows[0] if count else ())}


class _QuietRunner(Runner):

    def _log_env(self, env_cfg: dict) -> None:
        """Without the environment, which takes longer than some runs."""

    def dump_config(self) -> None:
        """Nothing to be kept."""


def quiet(cfg: Config) -> None:
    """Leave out what a study has no use for: files, pictures, lines."""
    cfg.default_hooks = dict(
        logger=None, checkpoint=None, timer=dict(type='IterTimerHook'),
        runtime_info=dict(type='RuntimeInfoHook'),
        param_scheduler=dict(type='ParamSchedulerHook'),
        sampler_seed=dict(type='DistSamplerSeedHook'))
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks') or []
                        if hook.get('type') not in OF_A_RUN]
    cfg.log_level = 'ERROR'
    cfg.visualizer = None
    cfg.vis_backends = None
    cfg.pop('visualizer')
    cfg.resume = False
    # The value is that of the final weights on the test data.
    for key in ('val_cfg', 'val_dataloader', 'val_evaluator'):
        if cfg.get(f'test_{key[4:]}') is None and cfg.get(key) is not None:
            test = dict(type='TestLoop') if key == 'val_cfg' else cfg[key]
            cfg[f'test_{key[4:]}'] = test
        cfg.pop(key, None)


def run(cfg: Config, seed: int) -> dict:
    """Train and test.

    Args:
        cfg (Config): Changed in place.
        seed (int): Of weights, batches and dropout.

    Returns:
        dict: ``metrics`` of the test, ``updates``, ``seconds`` (of this
        process on the CPU, training alone) and ``weights``.
    """
    global _started
    _started += 1
    quiet(cfg)
    cfg.randomness = dict(seed=seed)
    cfg.experiment_name = f'study_{_started}'
    with tempfile.TemporaryDirectory() as folder:
        cfg.work_dir = folder
        runner = _QuietRunner.from_cfg(cfg)
        logging.getLogger('mmengine').setLevel(logging.ERROR)
        notes = NoteWeights()
        runner.register_hook(notes)
        start = time.process_time()
        runner.train()
        seconds = time.process_time() - start
        metrics = runner.test()
    return dict(
        metrics={key: float(value) for key, value in metrics.items()
                 if isinstance(value, Number) or getattr(
                     value, 'ndim', None) == 0},
        updates=runner.iter, seconds=round(seconds, 2),
        weights=notes.means())


def pretrain(cfg: Config, seed: int, out: str) -> None:
    """Train and keep the weights of the wrapped model.

    Args:
        cfg (Config): Changed in place.
        seed (int): Of the run.
        out (str): Where the checkpoint goes.
    """
    global _started
    _started += 1
    quiet(cfg)
    cfg.randomness = dict(seed=seed)
    cfg.experiment_name = f'study_{_started}'
    with tempfile.TemporaryDirectory() as folder:
        cfg.work_dir = folder
        runner = _QuietRunner.from_cfg(cfg)
        runner.train()
    torch.save(dict(state_dict=runner.model.model.state_dict()), out)
