"""Toy configs that run on the tiny data of the tests."""
from itertools import count
from pathlib import Path
from typing import Dict

from held_out_config import held_out_config
from mmengine.config import Config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'toy'
NUMBERS = count()


def tiny_config(name: str, roots: Dict[str, Path], work_dir: Path,
                held_out: bool = False,
                pictures: bool = False) -> Config:
    """A toy config whose training has three updates, the last with MELTR.

    Args:
        name (str): Of the file; ``meltr_`` may be left out.
        roots (dict): Where the folders below ``data/toy`` are.
        work_dir (Path): Where it writes.
        held_out (bool): Whether meta batches come from clips that are kept
            out of training. Defaults to False.
        pictures (bool): Whether the run draws them. Defaults to False.
    """
    file = CONFIGS / f'meltr_{name}.py'
    if not file.exists():
        file = CONFIGS / f'{name}.py'
    cfg = Config.fromfile(
        held_out_config(work_dir, file) if held_out else file)
    cfg.merge_from_dict(dict(data_root=str(roots[Path(cfg.data_root).name])))
    cfg.work_dir = str(work_dir)
    # Two runs of a process that begin in one second would share a logger.
    cfg.experiment_name = f'{name}_{next(NUMBERS)}'
    cfg.train_dataloader.batch_size = 2
    cfg.param_scheduler = None
    # Drawing takes longer than all else; the scripts' tests look at pictures.
    cfg.custom_hooks = [hook for hook in cfg.custom_hooks
                        if pictures or hook.type != 'TaskWeightPlotHook']
    # The last update has the only meta step.
    cfg.optim_wrapper.begin = 3
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=3, val_interval=3)
    return cfg
