"""The command line that the converters of all models share."""
import argparse
import sys
from collections import Counter
from typing import Callable, Dict, Iterable, List, Optional, Sequence

import weights_file
from torch import Tensor

Rename = Callable[[Dict[str, Tensor]], Dict[str, Tensor]]


def run(name: str,
        from_official: Rename,
        to_official: Rename,
        argv: Optional[List[str]] = None,
        read: Callable[[str], Dict[str, Tensor]] = weights_file.
        read_state_dict,
        options: Sequence[argparse.ArgumentParser] = (),
        heads: Sequence[str] = ()) -> None:
    """Convert a checkpoint as the command line says.

    Args:
        name (str): Registered name of the model.
        from_official (callable): Renames official weights to ours.
        to_official (callable): The way back.
        argv (list[str], optional): Arguments. Defaults to the process's.
        read (callable): Reads the weights in a file. Defaults to
            :func:`weights_file.read_state_dict`.
        options (Sequence[ArgumentParser]): Options that only this model has,
            which the caller has read already; for the help.
        heads (Sequence[str]): Beginnings of the names of parts that a file
            may lack, or have too many: they depend on what it was trained
            for.

    Raises:
        SystemExit: With one line that says what is wrong.
    """
    args = _parse(name, argv, options)
    try:
        weights = read(args.input)
        if args.to_official:
            _check(args.config, weights, heads)
            converted = to_official(weights)
            content = converted
        else:
            converted = from_official(weights)
            _check(args.config, converted, heads)
            # What MMEngine's load_from and resume expect.
            content = dict(
                meta=dict(model=name, converted_from=args.input),
                state_dict=converted)
        weights_file.save(content, args.output)
    except ValueError as error:
        sys.exit(f'error: {args.input}: {error}')
    except OSError as error:
        sys.exit(f'error: {error}')
    dropped = len(weights) - len(converted)
    change = f'{dropped} dropped' if dropped >= 0 else f'{-dropped} added'
    print(f'{args.output}: {len(converted)} entries, {change}')


def _parse(
        name: str, argv: Optional[List[str]],
        options: Sequence[argparse.ArgumentParser]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        parents=options,
        description=f'Convert official {name} weights to {name} of meltr_mm.')
    parser.add_argument('input', help='official weights, or ours')
    parser.add_argument('output', help='file to write')
    parser.add_argument(
        '--to-official',
        action='store_true',
        help='convert ours (bare or in MELTRWrapper) to official names')
    parser.add_argument(
        '--config',
        help='check names and shapes against the model of this config')
    return parser.parse_args(argv)


def _check(config: Optional[str], weights: Dict[str, Tensor],
           heads: Sequence[str]) -> None:
    if config is None:
        return
    from mmaction.registry import MODELS
    from mmengine.config import Config

    from meltr_mm.models.layers import LoadReport, compare_state_dict

    model = Config.fromfile(config).model
    if model.type == 'MELTRWrapper':
        model = model.model
    model = MODELS.build(model)
    weights = weights_file.bare(weights)
    report = compare_state_dict(model, weights)
    # Only heads that are absent as a whole may be.
    absent = _count(report.missing, heads, weights)
    unused = _count(report.unexpected, heads, model.state_dict())
    wrong = LoadReport(
        [key for key in report.missing if _head_of(key, heads) not in absent],
        [key for key in report.unexpected
         if _head_of(key, heads) not in unused], report.reshaped)
    if not wrong.ok:
        raise ValueError(
            f'the weights must fit the model of {config}, but have {wrong}')
    for text, found in (
            ('not in the file, they start from random weights', absent),
            ('in the file, but not in this model', unused)):
        if found:
            listed = ', '.join(f'{head} ({n})' for head, n in found.items())
            print(f'{text}: {listed}')


def _head_of(key: str, heads: Sequence[str]) -> Optional[str]:
    if not key.startswith(tuple(heads)):
        return None
    first, second, *_ = key.split('.')
    return f'{first}.{second}' if first in ('task', 'heads') else first


def _count(keys: List[str], heads: Sequence[str],
           others: Iterable[str]) -> Counter:
    """Count the entries of the heads that ``others`` lack entirely."""
    there = {_head_of(key, heads) for key in others}
    names = (_head_of(key, heads) for key in keys)
    return Counter(name for name in names if name not in there and name)
