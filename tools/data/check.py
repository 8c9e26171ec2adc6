"""Check that the data of a config are there and fit together.

    python tools/data/check.py configs/meltr_univl_youcook2_retrieval.py

For each data loader: which files are missing, how many items there are, and
whether each clip can be read as the pipeline will read it (features, frames
or codes that are absent, of a wrong size or not finite). Every clip is read
once, however many texts it has. Exits with 1 if anything is wrong.
"""
import argparse
import copy
import os.path as osp
import sys
from collections import Counter
from typing import Dict, Iterator, List, Tuple

from mmaction.registry import DATASETS
from mmengine.config import Config, DictAction
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from tqdm import tqdm

from meltr_mm.datasets.transforms.inputs import single_steps

SHOWN = 10


def loaders_of(cfg: Config) -> Iterator[Tuple[str, Dict]]:
    """Go through the data loaders of a config, with their names."""
    for split in ('train', 'val', 'test'):
        if cfg.get(f'{split}_dataloader'):
            yield split, cfg[f'{split}_dataloader']
    meta = cfg.get('optim_wrapper', {}).get('meta_dataloader')
    if meta:
        yield 'meta', meta


def source_of(dataset: Dict) -> Dict:
    """Take a dataset out of the wrappers around it, such as a split."""
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


def missing_files(dataset: Dict) -> List[str]:
    """List the files that a dataset config names and that do not exist.

    Args:
        dataset (dict): Without wrappers.

    Returns:
        list[str]: Paths, of annotations and of what the pipeline looks up.
    """
    root = dataset.get('data_root') or ''
    paths = [osp.join(root, path) for path in _file_arguments(dataset)]
    for transform in single_steps(dataset.get('pipeline', [])):
        paths += _file_arguments(transform)
    return [path for path in paths if not osp.isfile(path)]


def _file_arguments(part: Dict) -> List[str]:
    return [value for key, value in part.items()
            if key.endswith('_file') and isinstance(value, str)]


def reading_part(pipeline: List[Dict]) -> List[Dict]:
    """Cut a pipeline after the last transform that looks something up.

    Args:
        pipeline (list[dict]): Of a dataset.

    Returns:
        list[dict]: Its beginning; all of it where videos are decoded, which
        name no file.
    """
    places = [place for place, transform in enumerate(pipeline)
              if _file_arguments(transform)]
    return pipeline[:places[-1] + 1] if places else pipeline


_tried: List[Tuple[Dict, str]] = []


def problem_of(transform: Dict) -> str:
    """Say why a transform cannot be built, trying each only once.

    Args:
        transform (dict): Its config. A tokenizer that cannot be fetched
            takes a minute to fail, and many loaders name the same.

    Returns:
        str: The error, or nothing.
    """
    for other, problem in _tried:
        if other == transform:
            return problem
    problem = ''
    try:
        Compose([copy.deepcopy(transform)])
    except Exception as error:
        problem = _text(error)
    _tried.append((transform, problem))
    return problem


def check(split: str, dataset: Dict) -> Counter:
    """Check the data of one loader and print how many there are.

    Args:
        split (str): Its name.
        dataset (dict): Config of the dataset.

    Returns:
        Counter: What is wrong, with the number of clips.
    """
    dataset = copy.deepcopy(dataset)
    source = source_of(dataset)
    problems = Counter(f'{path}: missing' for path in missing_files(source))
    if problems:
        return problems
    pipeline = single_steps(source.get('pipeline', []))
    source['pipeline'] = []
    # What does not depend on a clip, e.g. a tokenizer.
    for transform in pipeline:
        problem = problem_of(transform)
        if problem:
            problems[problem] += 1
    try:
        items = DATASETS.build(dataset)
        read = Compose(reading_part(pipeline))
    except Exception as error:
        problems[f'{_text(error)} (so that no clip was read)'] = 1
        return problems
    seen = set()
    for number in tqdm(range(len(items)), desc=split, unit='item'):
        item = items[number]
        clip = item['video_id'], item.get('clip')
        if clip in seen:
            continue
        seen.add(clip)
        try:
            read(item)
        except Exception as error:
            problems[_text(error)] += 1
    print(f'{split}: {len(items)} items, {len(seen)} clips read')
    return problems


def _text(error: Exception) -> str:
    return f'{type(error).__name__}: {error}'.splitlines()[0]


def show(split: str, problems: Counter) -> None:
    """Print what is wrong, the most frequent first."""
    for text, count in problems.most_common(SHOWN):
        times = f' ({count} clips)' if count > 1 else ''
        print(f'{split}: WRONG {text}{times}')
    if len(problems) > SHOWN:
        print(f'{split}: WRONG ... and {len(problems) - SHOWN} others')


def main() -> None:
    """Check every loader of the config of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction,
        help='settings of the config to change, key=value')
    args = parser.parse_args()
    if not osp.isfile(args.config):
        sys.exit(f'{args.config}: there is no such config')
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    wrong, done = 0, {}
    for split, loader in loaders_of(cfg):
        same = [name for name, other in done.items()
                if other == loader.dataset]
        if same:
            print(f'{split}: the same as {same[0]}')
            continue
        done[split] = loader.dataset
        problems = check(split, loader.dataset)
        show(split, problems)
        wrong += len(problems)
    if wrong:
        print('docs/data/ tells where the files of each data set come from; '
              'tools/data/make_toyworld.py writes those of the toy configs')
        sys.exit(1)
    print('everything is there')


if __name__ == '__main__':
    main()
