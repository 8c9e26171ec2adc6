"""Check that the data of a config are there, whole, and fit together.

    python tools/data/check.py configs/meltr_univl_youcook2_retrieval.py

For each data loader: which files are missing, whether there are as many items
as were published, whether the model has an output for each answer, and whether
each clip can be read as the pipeline will read it (features, frames or codes
that are absent, of a wrong size or not finite). Every clip is read once,
however many texts it has, and every broken file is named once. Exits with 1
if anything is wrong.

With --deep each video is decoded to its end, and the broken and missing ones
are written to a list that the data sets leave out by `exclude_file`.
"""
import argparse
import copy
import multiprocessing
import os
import os.path as osp
import signal
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Callable, Dict, Iterable, Iterator, List, Set, Tuple

from mmaction.registry import DATASETS
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from published_counts import published, verdict
from tqdm import tqdm

from meltr_mm.datasets.answer_vocabulary import values_of
from meltr_mm.datasets.transforms.inputs import single_steps
from meltr_mm.datasets.video_reader import VideoReader
from meltr_mm.datasets.video_text_dataset import MissingVideosError
from meltr_mm.toyworld.toy_data_set import MANIFEST

LIST = 'broken_videos.txt'


def loaders_of(cfg: Config) -> Iterator[Tuple[str, Dict]]:
    """Go through the data loaders of a config, with their names."""
    for split in ('train', 'val', 'test'):
        if cfg.get(f'{split}_dataloader'):
            yield split, cfg[f'{split}_dataloader']
    meta = cfg.get('optim_wrapper', {}).get('meta_dataloader')
    if meta:
        yield 'meta', meta


def source_of(dataset: Any) -> Any:
    """Take a dataset, or its config, out of the wrappers around it."""
    while True:
        if isinstance(dataset, dict):
            inner = dataset.get('dataset')
        else:
            inner = getattr(dataset, 'dataset', None)
        if inner is None:
            return dataset
        dataset = inner


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


def decode_to_the_end(sample: Dict) -> None:
    """Decode each frame of the video of a sample."""
    for _ in VideoReader(sample['filename']).frames():
        pass


class Check:
    """What was found in the data of a config.

    Args:
        args (argparse.Namespace): The command line.
        model (ConfigDict): Config of the model.
    """

    def __init__(self, args: argparse.Namespace, model: ConfigDict) -> None:
        self.deep, self.any_count = args.deep, args.any_count
        self.jobs = args.jobs
        self.num_answers = max(
            (value for value in values_of(model, 'num_answers')), default=None)
        self.problems = 0
        # Videos to leave out, by the root of their data set, with reasons.
        self.unusable: Dict[str, Dict[str, str]] = {}
        self._named: Set[str] = set()
        self._read: Set[tuple] = set()
        self._tried: List[Tuple[Dict, str]] = []

    def loader(self, split: str, config: Dict) -> None:
        """Check the data of one loader and print what was found.

        Args:
            split (str): Its name.
            config (dict): Config of the dataset.
        """
        config = copy.deepcopy(config)
        source = source_of(config)
        missing = missing_files(source)
        if missing:
            self._wrong(split, (f'{path}: missing' for path in missing))
            return
        pipeline = single_steps(source.get('pipeline', []))
        source['pipeline'] = []
        # What does not depend on a clip, e.g. a tokenizer.
        faults = [self._fault_of(transform) for transform in pipeline]
        self._wrong(split, filter(None, faults))
        steps = reading_part(pipeline)
        try:
            items = self._build(split, config)
            read = Compose(copy.deepcopy(steps))
        except Exception as error:
            self._wrong(split, [f'{_text(error)} (so that no clip was read)'])
            return
        self._items(split, items)
        clips = self._clips(items, str(steps))
        faults = self._faults_of_clips(split, clips, read)
        self._wrong(split, faults)
        print(f'{split}: {len(items):,} items, {len(clips):,} clips read')

    def _fault_of(self, transform: Dict) -> str:
        # Each is tried once: a tokenizer that cannot be fetched takes a
        # minute to fail, and many loaders name the same.
        for other, fault in self._tried:
            if other == transform:
                return fault
        fault = ''
        try:
            Compose([copy.deepcopy(transform)])
        except Exception as error:
            fault = _text(error)
        self._tried.append((transform, fault))
        return fault

    def _build(self, split: str, config: Dict) -> Any:
        items = DATASETS.build(dict(config, lazy_init=True))
        try:
            items.full_init()
        except MissingVideosError as error:
            for path in error.paths:
                self._leave_out(items, path, 'missing')
            names = source_of(items).ann_file
            self._wrong(split, (
                f'{path}: missing, though {names} names it; put it there, or '
                'name it in `exclude_file`' for path in error.paths))
            items.full_init()
        return items

    def _items(self, split: str, items: Any) -> None:
        """Check the numbers of items and of answers."""
        source = source_of(items)
        vocab = source.metainfo.get('vocab') or []
        if vocab:
            labels = [source.get_data_info(i)['label'][0]
                      for i in range(len(source))]
            known = sum(label >= 0 for label in labels)
            print(f'{split}: the answers of {known:,} of {len(labels):,} '
                  f'questions are among the {len(vocab):,} '
                  f'({100 * known / len(labels):.1f} %)')
        if self.num_answers and len(vocab) > self.num_answers:
            self._wrong(split, [
                f'the vocabulary has {len(vocab):,} answers, but the model '
                f'num_answers={self.num_answers}'])
        root = getattr(source, 'data_root', '') or ''
        if self.any_count or osp.isfile(osp.join(root, MANIFEST)):
            return
        file = osp.basename(getattr(source, 'list_file', None)
                            or getattr(source, 'ann_file', ''))
        part = getattr(source, 'split', split)
        found = len(source) + getattr(source, 'num_excluded', 0)
        problem = verdict(found, published(file, part), file, part)
        self._wrong(split, filter(None, [problem]))

    def _clips(self, items: Any, steps: str) -> List[Dict]:
        """One sample of each clip that was not yet read in this way."""
        clips = []
        for number in range(len(items)):
            item = items[number]
            key = (steps, item['video_id'], item.get('clip'))
            path = item.get('filename')
            if key not in self._read and (path is None or osp.exists(path)):
                self._read.add(key)
                item['data_root'] = source_of(items).data_root
                clips.append(item)
        return clips

    def _faults_of_clips(self, split: str, clips: List[Dict],
                         read: Callable) -> List[str]:
        faults = []

        def attempt(sample: Dict) -> str:
            try:
                read(copy.deepcopy(sample))
                if self.deep and 'filename' in sample:
                    decode_to_the_end(sample)
            except Exception as error:
                return _text(error)
            return ''

        for sample, fault in tqdm(
                in_processes(attempt, clips, self.jobs), desc=split,
                total=len(clips), unit='clip'):
            if not fault:
                continue
            path = sample.get('filename')
            if path is not None:
                if path not in fault:
                    fault = f'{path}: {fault}'
                self.unusable.setdefault(sample['data_root'], {})[
                    sample['video_id']] = fault
            faults.append(fault)
        return faults

    def _leave_out(self, items: Any, path: str, reason: str) -> None:
        source = source_of(items)
        name = osp.basename(path)
        name = name[:len(name) - len(source.video_suffix)]
        self.unusable.setdefault(source.data_root, {})[name] = \
            f'{path}: {reason}'

    def _wrong(self, split: str, texts: Iterable[str]) -> None:
        for text, count in Counter(texts).items():
            if text not in self._named:
                self._named.add(text)
                self.problems += 1
                times = f' ({count} clips)' if count > 1 else ''
                print(f'{split}: WRONG {text}{times}')

    def write_lists(self, cfg: Config) -> None:
        """Write the videos that cannot be used, one list per data root."""
        for root, reasons in self.unusable.items():
            path, there = osp.join(root, LIST), ''
            if osp.isfile(path):
                with open(path, encoding='utf-8') as file:
                    there = file.read()
            with open(path, 'a', encoding='utf-8') as file:
                for name, reason in reasons.items():
                    if name not in there.splitlines():
                        file.write(f'# {reason}\n{name}\n')
            print(f'{path}: names {len(reasons)} videos that cannot be used. '
                  'To leave them out, of evaluation as well: --cfg-options '
                  + ' '.join(f'{name}.exclude_file={LIST}'
                             for name in _data_sets_of(cfg)))


def _data_sets_of(cfg: Config) -> Iterator[str]:
    """Name the data sets as --cfg-options reach them."""
    for split in ('train', 'val', 'test'):
        part = (cfg.get(f'{split}_dataloader') or {}).get('dataset')
        name = f'{split}_set' if f'{split}_set' in cfg else \
            f'{split}_dataloader.dataset'
        if part:
            while 'dataset' in part:
                name, part = f'{name}.dataset', part['dataset']
            yield name


# Set before the processes are forked, which so share what it holds.
_attempt: List[Callable] = []


def in_processes(attempt: Callable[[Dict], str], samples: List[Dict],
                 jobs: int) -> Iterator[Tuple[Dict, str]]:
    """Apply a function in several processes, in order.

    Args:
        attempt (Callable): Returns what is wrong with a sample, or ''.
        samples (list[dict]): The samples.
        jobs (int): Number of processes; 1 for this one.

    Yields:
        tuple[dict, str]: A sample, and what is wrong with it. A decoder that
        ends the whole process is named as such.
    """
    if jobs == 1 or len(samples) < 2:
        yield from ((sample, attempt(sample)) for sample in samples)
        return
    _attempt[:] = [attempt]
    context = multiprocessing.get_context('fork')
    done = 0
    try:
        with ProcessPoolExecutor(
                jobs, context, signal.signal,
                (signal.SIGINT, signal.SIG_IGN)) as pool:
            for fault in pool.map(_run, samples, chunksize=4):
                yield samples[done], fault
                done += 1
    except BrokenProcessPool:
        for sample in samples[done:]:
            try:
                with ProcessPoolExecutor(1, context) as pool:
                    yield sample, pool.submit(_run, sample).result()
            except BrokenProcessPool:
                yield sample, 'the decoder crashes on this file'


def _run(sample: Dict) -> str:
    return _attempt[0](sample)


def _text(error: Exception) -> str:
    return f'{type(error).__name__}: {error}'.splitlines()[0]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('config')
    parser.add_argument(
        '--deep', action='store_true',
        help=f'decode each video to its end, and write {LIST} in the data '
        'root if any cannot be used')
    parser.add_argument(
        '--jobs', type=int, default=os.cpu_count() or 1,
        help='processes that read clips (default: one per core)')
    parser.add_argument(
        '--any-count', action='store_true',
        help='the data are not the published ones: do not compare numbers')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction,
        help='settings of the config to change, key=value')
    args = parser.parse_args()
    if args.jobs < 1:
        parser.error(f'--jobs must be at least 1, but is {args.jobs}')
    if not osp.isfile(args.config):
        parser.error(f'{args.config}: there is no such config')
    return args


def main() -> None:
    """Check every loader of the config of the command line."""
    args = parse_args()
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    found, done = Check(args, cfg.get('model')), {}
    for split, loader in loaders_of(cfg):
        same = [name for name, other in done.items()
                if other == loader.dataset]
        if same:
            print(f'{split}: the same as {same[0]}')
            continue
        done[split] = loader.dataset
        found.loader(split, loader.dataset)
    if found.deep:
        found.write_lists(cfg)
    if found.problems:
        number = found.problems
        print(f'{number} {"thing is" if number == 1 else "things are"} '
              'wrong. docs/data/ tells where the files of each data set come '
              'from, docs/own_clips.md what clips of your own need; '
              'tools/data/make_toyworld.py writes those of the toy configs')
        sys.exit(1)
    print('everything is there')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        print('\nInterrupted; the same command starts again', file=sys.stderr)
        sys.exit(130)
