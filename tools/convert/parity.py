"""Compare our models with recorded outputs of the official ones.

    python tools/convert/parity.py FIXTURE.pt [--json]

Builds our model from the fixture's sizes, loads its official weights through
the converter, runs its inputs, and compares every recorded quantity: model
outputs, losses, gradients, MELTR's output, the hypergradient by every exact
estimator and the recorded update step. A recorded training is replayed step
by step through AIDOptimWrapper. Tables of UniVL's functions (`univl_extra.pt`)
are given to the tests that read them. Prints a line per quantity; exits with 1
if one is out of tolerance or was not compared.

What is compared stands in tests/parity_checks.
"""
import argparse
import json
import sys
from contextlib import contextmanager
from typing import Callable, Dict, Iterator, List, Optional

import checkout
import weights_file
from mmengine.logging import MMLogger

sys.path.append(str(checkout.ROOT / 'tests'))
if not (checkout.ROOT / 'tests' / 'parity_checks').is_dir():
    sys.exit('parity.py needs tests/parity_checks, which only a checkout of '
             'the repository has; run it from one')

from parity_checks import (  # noqa: E402
    all_in_one,
    all_in_one_training,
    s3d,
    univl,
    univl_tables,
    univl_training,
    violet,
)
from parity_checks.report import Report  # noqa: E402

import meltr_mm  # noqa: E402, F401

CHECKS: Dict[str, Callable[[dict], Report]] = {
    'All-in-one': all_in_one.check,
    'All-in-one training': all_in_one_training.check,
    'S3D': s3d.check,
    'UniVL': univl.check,
    'UniVL tables': univl_tables.check,
    'UniVL training': univl_training.check,
    'VIOLET': violet.check
}


def model_of(fixture: dict) -> str:
    """Tell which model a fixture was recorded from.

    Args:
        fixture (dict): Content of the file.

    Returns:
        str: A name, for which :data:`CHECKS` may have a check.

    Raises:
        ValueError: If it is no parity fixture.
    """
    if isinstance(fixture, dict) and 'recipe' in fixture:
        return 'S3D'
    if isinstance(fixture, dict) and 'ranking_losses' in fixture:
        return 'UniVL tables'
    if not isinstance(fixture, dict) or not isinstance(
            fixture.get('config'), dict):
        raise ValueError('a parity fixture must be a dict with a config')
    if 'events' in fixture:
        return 'All-in-one training'
    if 'record' in fixture:
        return 'UniVL training'
    if 'task_order' in fixture or 'task_order' in fixture['config']:
        return 'UniVL'
    if 'task' in fixture['config']:
        return 'VIOLET'
    if 'current_tasks' in fixture['config']:
        return 'All-in-one'
    raise ValueError(
        "a parity fixture must have 'task_order' (UniVL), config['task'] "
        "(VIOLET), config['current_tasks'] (All-in-one), 'recipe' (S3D), or "
        "'record' or 'events' (trainings of UniVL and All-in-one), but this "
        'one has none of them')


@contextmanager
def _quiet() -> Iterator[None]:
    # MMEngine logs parameter groups one parameter at a time, to stdout.
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('ERROR')
    try:
        yield
    finally:
        logger.setLevel(level)


def main(argv: Optional[List[str]] = None) -> int:
    """Run the command.

    Args:
        argv (list[str], optional): Arguments. Defaults to the process's.

    Returns:
        int: 0 if everything agrees, 1 if not, 2 if nothing could be
        compared.
    """
    parser = argparse.ArgumentParser(
        description='Compare a model with recorded official outputs.')
    parser.add_argument('fixture')
    parser.add_argument('--json', action='store_true', help='print JSON')
    args = parser.parse_args(argv)
    try:
        fixture = weights_file.read(args.fixture)
        name = model_of(fixture)
        if name not in CHECKS:
            raise ValueError(
                f'this fixture is of {name}, but only {list(CHECKS)} can be '
                f'compared')
        with _quiet():
            report = CHECKS[name](fixture)
    except KeyError as error:
        print(f'error: {args.fixture}: a fixture of {name} must have an entry '
              f'{error}', file=sys.stderr)
        return 2
    except ValueError as error:
        print(f'error: {args.fixture}: {error}', file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps({'model': name, **report.as_dict()}))
    else:
        print(report)
    return 0 if report.ok else 1


if __name__ == '__main__':
    sys.exit(main())
