"""Draw what MELTR did in a run, and what it has learnt.

    python tools/analysis/plot_meltr.py work_dirs/toy/meltr_violet_msvdqa
    python tools/analysis/plot_meltr.py work_dirs/RUN/epoch_12.pth --out DIR

From the folder of a run, its log and its last checkpoint are read; from a
checkpoint alone, or without the log of LocalVisBackend, the history that is
in the checkpoint. Two pictures are written:

task_weights.png  each task's weight dM/dl over the iterations, the task
                  losses, and the metric by which the best checkpoint is
                  chosen
learnt_loss.png   M along each loss while the others are held, and over each
                  pair of losses, evaluated without dropout; for combiners
                  that learn something
"""
import argparse
import sys
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from mmengine.config import Config
from torch import nn

from meltr_mm.apis import config_in, load_run_checkpoint, parse_config
from meltr_mm.meltr.wrapper import build_combiner, trained_by
from meltr_mm.pictures import (
    RunHistory,
    best_metric,
    draw_history,
    draw_transformation,
    history_of_checkpoint,
    history_of_logs,
    learnt_transformation,
    save_figure,
)


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Draw, and say where the pictures are.

    Args:
        arguments (Sequence[str], optional): Defaults to the command line.
    """
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n\n')[0],
        epilog=__doc__.split('\n\n', 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=Path, metavar='RUN_OR_CHECKPOINT')
    parser.add_argument('--out', type=Path,
                        help="folder of the pictures; default: the run's")
    parser.add_argument('--metric', help='another metric than the best one')
    parser.add_argument(
        '--smoothing', type=int, default=20, metavar='ITERATIONS',
        help='length of the running mean (default: 20)')
    parser.add_argument(
        '--allow-type', action='append', default=[], metavar='NAME',
        help='a type or module of MELTR in the config that may be used, '
        'though it is not registered; can be repeated')
    args = parser.parse_args(arguments)
    if args.smoothing < 1:
        parser.error(f'--smoothing must be at least 1, but is '
                     f'{args.smoothing}')
    try:
        plot(args.source, args.out, args.metric, args.smoothing,
             args.allow_type)
    except (ValueError, OSError) as error:
        sys.exit(str(error))


def plot(source: Path,
         out: Optional[Path],
         metric: Optional[str],
         smoothing: int,
         allow: Sequence[str] = ()) -> None:
    """Write both pictures and print their paths.

    Args:
        source (Path): Folder of a run, or a checkpoint.
        out (Path, optional): Folder of the pictures.
        metric (str, optional): The metric to draw.
        smoothing (int): Iterations of the running mean.
        allow (Sequence[str]): What the config may ask for, beside registered
            names.

    Raises:
        FileNotFoundError: If there is nothing at ``source``, or no log.
        ValueError: If what is there has no MELTR, no history, or not the
            metric.
    """
    logs: List[Path] = []
    checkpoint = source
    if source.is_dir():
        logs = sorted(source.glob('*/vis_data/scalars.json'))
        checkpoint = last_checkpoint(source)
        if not logs and checkpoint is None:
            raise FileNotFoundError(
                f'{source}: the folder of a run must have a log '
                '(*/vis_data/scalars.json) or a checkpoint, but has neither; '
                'give the --work-dir of tools/train.py, or a checkpoint')
    cfg, meltr, history = None, None, None
    if checkpoint is not None:
        cfg, meltr, history = read_checkpoint(
            checkpoint, bool(logs), allow)
    if logs:
        history = history_of_logs(logs)
    out = out or (source if source.is_dir() else source.parent)
    if cfg is None:
        dump = logs[-1].parent / 'config.py'
        cfg = parse_config(dump.read_text(), dump, part='model.primary')
    if metric is not None and metric not in history.metrics:
        raise ValueError(f'--metric must be one of {list(history.metrics)}, '
                         f'but got {metric!r}')
    primary = cfg.model.primary
    paths = [out / 'task_weights.png']
    save_figure(draw_history(history, primary, metric or best_metric(cfg),
                             smoothing), paths[0])
    if meltr is None:
        print('The run has no checkpoint yet, so what MELTR has learnt is '
              'not drawn.')
    elif trained_by(meltr) is None:
        print(f'{type(meltr).__name__} learns nothing, so there is no '
              'learnt_loss.png.')
    else:
        paths.append(out / 'learnt_loss.png')
        losses = {name: history.losses[name] for name in cfg.model.losses}
        save_figure(draw_transformation(
            learnt_transformation(meltr, losses), primary), paths[1])
    for path in paths:
        print(path)


def last_checkpoint(run: Path) -> Optional[Path]:
    """Find the newest checkpoint of a run, also if the run was moved.

    Args:
        run (Path): Its folder.

    Returns:
        Path, optional: The file; None if there is none yet.
    """
    note = run / 'last_checkpoint'
    if not note.exists():
        return None
    path = Path(note.read_text().strip())
    return path if path.exists() else run / path.name


def read_checkpoint(
    path: Path, without_history: bool, allow: Sequence[str]
) -> Tuple[Config, nn.Module, Optional[RunHistory]]:
    """Read config, MELTR and history out of a checkpoint of MMEngine.

    Args:
        path (Path): The file.
        without_history (bool): Whether the history is not needed.
        allow (Sequence[str]): See :func:`plot`.

    Returns:
        tuple: The config, MELTR with its weights, and the history or None.

    Raises:
        ValueError: If one of them is not in it.
    """
    checkpoint = load_run_checkpoint(path)
    weights = {
        name[len('meltr.'):]: value
        for name, value in checkpoint['state_dict'].items()
        if name.startswith('meltr.')
    }
    meta = checkpoint.get('meta')
    has_config = isinstance(meta, dict) and isinstance(meta.get('cfg'), str)
    meltr = None
    if weights or has_config:
        cfg = config_in(checkpoint, path, allow, 'model.meltr')
        if 'meltr' in cfg.get('model', {}):
            meltr = build_combiner(
                cfg.model.meltr, cfg.model.losses, cfg.model.primary)
    if meltr is None or meltr.state_dict() and not weights:
        raise ValueError(
            f'{path}: must be a checkpoint that a run of MELTRWrapper has '
            'written, but there is no MELTR in it; that of an exported or '
            'converted model cannot be drawn')
    history = None if without_history else history_of_checkpoint(
        checkpoint, str(path))
    try:
        meltr.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f'{path}: MELTR must be that of its config, but is '
                         f'another ({error})'.split('\n')[0]) from None
    return cfg, meltr, history


if __name__ == '__main__':
    main()
