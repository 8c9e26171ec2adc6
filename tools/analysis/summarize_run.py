"""Say in a few lines what came out of a run and where it lies.

    python tools/analysis/summarize_run.py work_dirs/toy/meltr_violet_msvdqa

Reads the newest test result below the folder (``tools/test.py`` writes one)
and prints each metric, with chance and majority baseline where the metric
reports them, then the paths of log, checkpoint and pictures.
"""
import argparse
import json
import sys
from pathlib import Path
from typing import Dict, Optional

TIMES = ('time', 'data_time')


def newest(folder: Path, pattern: str) -> Optional[Path]:
    """The latest file below a folder that matches a pattern, or None."""
    files = sorted(folder.glob(pattern), key=lambda f: f.stat().st_mtime)
    return files[-1] if files else None


def read_test_result(work_dir: Path) -> Dict[str, float]:
    """Metrics of the newest test run below ``work_dir``.

    Args:
        work_dir (Path): Work directory of a run.

    Returns:
        dict[str, float]: Metrics by name.

    Raises:
        FileNotFoundError: If no test was run there.
        ValueError: If its result is damaged.
    """
    # Without --work-dir the config's folder has it, beside the trainings.
    files = [file for start in ('*', 'test/*')
             for file in work_dir.glob(f'{start}/*.json')
             if file.stem == file.parent.name]
    if not files:
        raise FileNotFoundError(
            f'no test result below {work_dir}; run tools/test.py with '
            f'--work-dir {work_dir}/test first')
    file = max(files, key=lambda file: file.stat().st_mtime)
    try:
        return json.loads(file.read_text())
    except ValueError as error:
        raise ValueError(f'{file}: must be the JSON that tools/test.py has '
                         f'written ({error}); run it again') from None


def summary(work_dir: Path) -> str:
    """The lines to print.

    Args:
        work_dir (Path): Work directory of a run.

    Returns:
        str: Metrics and paths.
    """
    result = read_test_result(work_dir)
    lines = ['', 'Test result on held-out videos']
    lines += [f'  {name:<28}{value:7.2f}' for name, value in result.items()
              if isinstance(value, float) and name not in TIMES]
    scalars = newest(work_dir, '*/vis_data/scalars.json')
    # Of the training: a test run without --work-dir has a log there, too.
    start = '*' if scalars is None else scalars.parents[1].name
    paths = {
        'best checkpoint': newest(work_dir, 'best_*.pth'),
        'last checkpoint': work_dir / 'last_checkpoint',
        'log': newest(work_dir, f'{start}/*.log'),
        'scalars': scalars,
        'weights of the tasks over time': work_dir / 'task_weights.png',
    }
    lines += ['', 'Where things are']
    for name, path in paths.items():
        if path is None or not path.exists():
            path = 'not there'
        elif name == 'last checkpoint':
            path = path.read_text().strip()
        lines.append(f'  {name + ":":<34}{path}')
    return '\n'.join(lines)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('work_dir', type=Path)
    try:
        print(summary(parser.parse_args().work_dir))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
