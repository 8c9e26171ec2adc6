"""Checkpoints of untrained models, in the form that a run writes."""
from pathlib import Path

import torch
from mmengine.config import Config

from meltr_mm.apis import build_bare_model

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'toy'
VOCAB = ['red', 'blue', 'one', 'two', 'left']


def toy_config(name, data, root):
    """A toy config whose data lie somewhere else."""

    def move(value):
        if isinstance(value, str):
            return value.replace(f'data/toy/{data}', str(root))
        if isinstance(value, dict):
            return {key: move(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(move, value))
        return value

    return Config(move(
        Config.fromfile(CONFIGS / f'meltr_{name}.py').to_dict()))


def save_checkpoint(cfg, path, seed=0, **meta):
    """What a run writes, with random weights of the bare model."""
    torch.manual_seed(seed)
    model = build_bare_model(cfg)
    wrapped = {f'model.{k}': v for k, v in model.state_dict().items()}
    wrapped['meltr.fc1.weight'] = torch.zeros(1)
    torch.save(dict(state_dict=wrapped,
                    meta=dict(cfg=cfg.pretty_text, **meta)), path)
    return str(path)

