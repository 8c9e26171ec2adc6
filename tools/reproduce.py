"""Go the whole way to a published number, from public files to the test.

    python tools/reproduce.py                        # lists the names
    python tools/reproduce.py violet_msvdqa          # says what there is to do
    python tools/reproduce.py violet_msvdqa --run    # does it

A name is that of a config in configs/official. What the authors published is
looked for in `--downloads`: weights and `encoder.pkl` in the folder itself,
annotations in a folder named like that of the data (downloads/msvd). Videos
lie where docs/data/ says. A step whose result is there is skipped, so that the
same command goes on after an interruption, the training from its last
checkpoint. Each step is a command that can be typed as well.
"""
import argparse
import json
import os
import os.path as osp
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Tuple

from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'tools' / 'data'),
                str(ROOT / 'tools' / 'analysis')]

from check import loaders_of, source_of  # noqa: E402
from prepare import DATA_SETS  # noqa: E402
from summarize_run import TIMES, newest  # noqa: E402

import meltr_mm  # noqa: E402, F401  fills in the references of configs
from meltr_mm.datasets.transforms.inputs import single_steps  # noqa: E402

# What the paper reports, in the names and units of our metrics. Its figures
# of TGIF-QA are in its table only.
_RETRIEVAL = ('t2i/retrieval/R@1', 't2i/retrieval/R@5', 't2i/retrieval/R@10')
_CAPTION = ('caption/BLEU-4', 'caption/METEOR', 'caption/ROUGE-L',
            'caption/CIDEr')
PAPER: Dict[str, Dict[str, float]] = dict(
    all_in_one_msrvtt7k_retrieval=dict(zip(_RETRIEVAL, (38.6, 74.4, 84.7))),
    all_in_one_msrvtt9k_retrieval=dict(zip(_RETRIEVAL, (41.3, 73.5, 82.5))),
    univl_mosi={
        'sentiment/Acc-2_non0': 85.3, 'sentiment/F1_non0': 85.4,
        'sentiment/MAE': 0.759, 'sentiment/Corr': 0.789},
    univl_msrvtt7k_retrieval=dict(zip(_RETRIEVAL, (28.5, 55.5, 67.6))),
    univl_msrvtt9k_retrieval=dict(zip(_RETRIEVAL, (31.1, 55.7, 68.3))),
    univl_msrvtt_captioning=dict(zip(_CAPTION, (44.17, 29.26, 62.35, 52.77))),
    univl_youcook2_captioning={
        'caption/BLEU-3': 24.12, **dict(zip(_CAPTION, (17.92, 22.56, 47.04,
                                                       190.)))},
    univl_youcook2_retrieval=dict(zip(_RETRIEVAL, (33.7, 63.1, 74.8))),
    violet_msrvtt7k_retrieval=dict(zip(_RETRIEVAL, (33.6, 63.7, 77.8))),
    violet_msrvtt9k_retrieval=dict(zip(_RETRIEVAL, (35.5, 67.2, 78.4))),
    violet_msvdqa={'qa/accuracy_known': 51.7},
    violet_tgif_action={},
    violet_tgif_frame={},
    violet_tgif_transition={})


@dataclass
class Gate:
    """What the authors have trained, and the figure that it must have here.

    Args:
        file (str): Their checkpoint.
        metric (str): Name of our metric.
        figure (float): What they report.
        tolerance (float): By how much it may differ.
    """
    file: str
    metric: str
    figure: float
    tolerance: float = 0.5


# VIOLET without MELTR.
GATES = dict(violet_msvdqa=Gate(
    'ckpt_violet_msvd-qa.pt', 'qa/accuracy_known', 47.86))
# What a metric is over, where two are easily confused.
_PROTOCOLS = {
    'qa/accuracy': 'all questions',
    'qa/accuracy_known': 'questions with a known answer',
    'qa/ceiling': 'highest possible over all questions'}


@dataclass
class Step:
    """A command, and whether what it makes is there.

    Args:
        title (str): What it does.
        words (list[str]): The command.
        is_done (Callable): Returns a bool.
        after (Callable, optional): Called when the command has succeeded.
            Raises StepError if that is not enough.
    """
    title: str
    words: List[str]
    is_done: Callable[[], bool]
    after: Optional[Callable[[], None]] = None

    def __str__(self) -> str:
        return shlex.join(self.words)


class StepError(ValueError):
    """A step did not lead to what the next one needs; says why."""


class Reproduction:
    """The steps to one published number.

    Args:
        name (str): Of the config in configs/official, without ``meltr_``.
        config (str, optional): Another config in its place.
        downloads (str): Folder of what the authors published.
        gpus (int, optional): Processes of the training. Defaults to the
            published number.
        gate (bool): Whether to test the authors' own checkpoint.
    """

    def __init__(self, name: str, config: Optional[str] = None,
                 downloads: str = 'downloads', gpus: Optional[int] = None,
                 gate: bool = True) -> None:
        official = ROOT / 'configs' / 'official' / f'meltr_{name}.py'
        self.name, self.downloads = name, downloads
        self.header = header_of(official)
        self.config = config or osp.relpath(official)
        self.cfg = Config.fromfile(self.config)
        self.work_dir = Path(self.cfg.get('work_dir') or osp.join(
            'work_dirs', Path(self.config).stem))
        match = re.search(r'\((\d+) GPUs of (\d+)\)', self.header)
        self.published_gpus = int(match[1]) if match else 1
        self.gpus = gpus or self.published_gpus
        self.gate = GATES.get(name) if gate else None
        # Converter, its input, output and flags, as the header has them.
        self.conversion = re.search(
            r'python tools/(convert/\w+\.py) (\S+) (\S+)((?: --[\w-]+)*)',
            self.header).groups()
        self.start = self.conversion[2]

    # ------------------------------------------------------------- the data

    def steps(self) -> List[Step]:
        """The steps, in their order."""
        return [*self._data(), *self._weights(), *self._gate_steps(),
                self._train(), self._test()]

    def _data(self) -> Iterator[Step]:
        root = self.cfg.data_root
        annotations, tables = self._files()
        folders = {folder: name for name, (_, folder) in DATA_SETS.items()}
        data_set = folders.get(osp.basename(root))
        if data_set is not None:
            source = Path(self.downloads, osp.basename(root))
            # Extracted by the authors: taken over with the annotations.
            offered = [table for table in tables.values()
                       if any(source.rglob(osp.basename(table)))]
            yield Step(
                'annotations',
                self._python('data/prepare.py', data_set, '--from',
                             str(source)),
                lambda: all(map(osp.isfile, [*annotations, *offered])))
        videos = osp.join(
            root, 'gifs' if osp.basename(root) == 'tgif' else 'videos')
        if 'img_file' in tables:
            yield self._makes('frames', tables['img_file'],
                              'data/extract_frames.py', videos,
                              *self._changed(frames=5))
        if 'vq_file' in tables:
            yield self._makes('codes', tables['vq_file'],
                              'data/extract_vq.py', tables.get(
                                  'img_file', videos), '--weights',
                              osp.join(self.downloads, 'encoder.pkl'),
                              *self._changed(size=224, frames=5))
        if 'feature_file' in tables:
            yield self._makes('features', tables['feature_file'],
                              'data/extract_s3d.py', videos, '--weights',
                              osp.join(self.downloads, 's3d_howto100m.pth'))
        deep = [] if set(tables) & {'img_file', 'feature_file'} else ['--deep']
        checked = self.work_dir / 'data_checked'
        files = [*annotations, *tables.values()]
        yield Step(
            'whether everything is there',
            self._python('data/check.py', self.config, *deep),
            lambda: checked.is_file() and all(
                osp.isfile(file) and osp.getmtime(file) <=
                osp.getmtime(checked) for file in files), checked.touch)

    def _files(self) -> Tuple[List[str], Dict[str, str]]:
        """Annotation files of the config, and the tables that are extracted.

        The latter by the name of the argument.
        """
        annotations: List[str] = []
        tables: Dict[str, str] = {}
        for _, loader in loaders_of(self.cfg):
            source = source_of(loader.dataset)
            root = source.get('data_root') or ''
            annotations += [
                osp.join(root, value) for key, value in source.items()
                if key.endswith('_file') and isinstance(value, str)]
            for transform in single_steps(source.get('pipeline', [])):
                tables.update(
                    (key, value) for key, value in transform.items()
                    if key in ('img_file', 'vq_file', 'feature_file') and
                    value)
        return sorted(set(annotations)), tables

    def _changed(self, **defaults: int) -> List[str]:
        """Options of an extraction, where the config differs from them."""
        options = []
        for key, default in defaults.items():
            if self.cfg.get(key, default) != default:
                options += [f'--{key}', str(self.cfg[key])]
        return options

    # ------------------------------------------------------------ the model

    def _weights(self) -> Iterator[Step]:
        script, file, output, flags = self.conversion
        yield self._makes('weights to start from', output, script,
                          osp.join(self.downloads, file), *flags.split())

    def _gate_steps(self) -> Iterator[Step]:
        gate = self.gate
        if gate is None:
            return
        output = osp.join(
            osp.dirname(self.start), f'{Path(gate.file).stem}.pth')
        yield self._makes("the authors' own checkpoint", output,
                          self.conversion[0],
                          osp.join(self.downloads, gate.file))
        folder = self.work_dir / 'gate'

        def passes() -> None:
            found = result_in(folder).get(gate.metric)
            if found is None or abs(found - gate.figure) > gate.tolerance:
                raise StepError(
                    f"the authors' own checkpoint must have {gate.metric} "
                    f'{gate.figure:g} (+- {gate.tolerance:g}), as they '
                    f'report, but has {found} here: data or weights are not '
                    'those of the authors, or something is wrong here. '
                    '--no-gate goes on without this test.')

        def passed() -> bool:
            try:
                passes()
            except (StepError, OSError):
                return False
            return newer(newest(folder, '*/*.json'), output)

        yield Step(f'its test, published: {gate.figure:g}',
                   self._python('test.py', self.config, output, '--work-dir',
                                str(folder)), passed, passes)

    def _train(self) -> Step:
        words = self._python('train.py', self.config)
        if self.gpus > 1:
            words = ['bash', self._tool('dist_train.sh'), self.config,
                     str(self.gpus)]
        if (self.work_dir / 'last_checkpoint').is_file():
            words.append('--resume')
        else:
            words += ['--cfg-options', f'load_from={self.start}']
        return Step('training', words, lambda: self._end() is not None)

    def _end(self) -> Optional[Path]:
        """The checkpoint of the end of the training, if there is one."""
        pointer = self.work_dir / 'last_checkpoint'
        if not pointer.is_file():
            return None
        last = Path(pointer.read_text().strip())
        if not last.is_file():  # moved with its folder
            last = self.work_dir / last.name
        there = last.name in self._ends() and last.is_file()
        return last if there else None

    def _ends(self) -> List[str]:
        loop = self.cfg.train_cfg
        return [f'{unit}_{loop[key]}.pth' for unit, key in (
            ('epoch', 'max_epochs'), ('iter', 'max_iters')) if key in loop]

    def _test(self) -> Step:
        folder = self.work_dir / 'test'
        if self.cfg.default_hooks.checkpoint.get('save_best'):
            checkpoint = newest(self.work_dir, 'best_*.pth')
            name = 'best_*.pth'
        else:
            checkpoint, name = self._end(), self._ends()[0]
        words = self._python(
            'test.py', self.config, str(checkpoint or self.work_dir / name),
            '--work-dir', str(folder))
        return Step('test', words, lambda: checkpoint is not None and newer(
            newest(folder, '*/*.json'), checkpoint))

    # --------------------------------------------------------------- output

    def report(self) -> str:
        """Our figures beside the paper's."""
        paper = PAPER[self.name]
        lines = [f'{"metric":28}{"here":>9}{"paper":>9}']
        for metric, value in result_in(self.work_dir / 'test').items():
            if isinstance(value, float) and metric not in TIMES:
                figure = f'{paper[metric]:g}' if metric in paper else '-'
                lines.append(f'{metric:28}{value:9.2f}{figure:>9}  '
                             f'{_PROTOCOLS.get(metric, "")}'.rstrip())
        return '\n'.join(lines)

    def about(self) -> str:
        """What the config's header says of the number, and of the costs."""
        parts = [part for title in ('Paper', 'Data', 'A whole run')
                 for part in re.findall(
                     rf'{title}: .*?\.(?= [A-Z]|$)', self.header)]
        parts.append(f'Where files come from: {_page(self.header)}, weights '
                     'docs/README.md')
        if self.gpus != self.published_gpus:
            parts.append(
                f'The recipe is for {self.published_gpus} processes, here are '
                f'{self.gpus}: the batch per update is another')
        return '\n'.join(parts)

    def _tool(self, name: str) -> str:
        return osp.relpath(ROOT / 'tools' / name)

    def _python(self, tool: str, *words: str) -> List[str]:
        return ['python', self._tool(tool), *words]

    def _makes(self, title: str, output: str, tool: str, source: str,
               *options: str) -> Step:
        return Step(title, self._python(tool, source, output, *options),
                    lambda: osp.isfile(output))


def header_of(config: Path) -> str:
    """The comment that a config opens with, as one line."""
    comment = re.match(r'(#.*\n)+', config.read_text(encoding='utf-8'))[0]
    lines = [re.sub('^# ?', '', line) for line in comment.splitlines()]
    return ' '.join(' '.join(lines).replace('\\', '').split())


def result_in(folder: Path) -> Dict[str, float]:
    """The newest result of a test run in a folder; empty if there is none."""
    file = newest(folder, '*/*.json')
    return json.loads(file.read_text()) if file else {}


def newer(file: Optional[Path], other: str) -> bool:
    """Whether a file exists and is at least as new as another one."""
    return file is not None and osp.getmtime(file) >= osp.getmtime(other)


# Runs a script as Python does, but for the traceback of an interruption.
_QUIETLY = """
import os, runpy, sys
hook = sys.excepthook
sys.excepthook = lambda kind, *rest: (
    kind is KeyboardInterrupt or hook(kind, *rest))
del sys.argv[0]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def execute(words: List[str]) -> int:
    """Run a command; returns its exit status."""
    if words[0] == 'python':
        words = [sys.executable, '-c', _QUIETLY, *words[1:]]
    paths = [str(ROOT), os.environ.get('PYTHONPATH', '')]
    process = subprocess.Popen(words, env=dict(
        os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths))))
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()  # was interrupted, too, and ends in its own way
        raise


def go(reproduction: Reproduction) -> None:
    """Do what is not yet done, and report.

    Raises:
        StepError: If a step fails.
    """
    count = len(reproduction.steps())
    for number in range(count):
        # Anew: which checkpoint is tested the training decides.
        step = reproduction.steps()[number]
        print(f'{number + 1}/{count} {step.title}: ', end='')
        if step.is_done():
            print('done')
            continue
        print(step, flush=True)
        where = f'step {number + 1} of {count} ({step.title})'
        try:
            _run(step, reproduction)
        except KeyboardInterrupt:
            print(f'\nInterrupted in {where}; the same command goes on there',
                  file=sys.stderr)
            sys.exit(130)
        except StepError as error:
            raise StepError(f'{where}: {error}') from None
    print(reproduction.report())


def _run(step: Step, reproduction: Reproduction) -> None:
    os.makedirs(reproduction.work_dir, exist_ok=True)
    os.makedirs(osp.dirname(reproduction.start) or '.', exist_ok=True)
    status = execute(step.words)
    if status == 130:
        raise KeyboardInterrupt
    if status:
        raise StepError(
            f'ended with status {status}, for the reason above. Where files '
            f'come from: {_page(reproduction.header)}, weights docs/README.md')
    if step.after:
        step.after()


def _page(header: str) -> str:
    config = re.search(r'as (configs/\w+\.py) says', header)[1]
    return re.search(r'docs/data/\w+\.md', header_of(ROOT / config))[0]


def plan(reproduction: Reproduction) -> str:
    """The steps, numbered, and which are done."""
    lines = [reproduction.about(), '']
    for number, step in enumerate(reproduction.steps(), 1):
        done = ' (done)' if step.is_done() else ''
        lines += [f'{number}. {step.title}{done}', f'   {step}']
    return '\n'.join([*lines, '', 'Nothing was run; --run does it'])


def main() -> None:
    """Print or do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('name', nargs='?', choices=sorted(PAPER),
                        metavar='NAME')
    parser.add_argument('--run', action='store_true', help='do the steps')
    parser.add_argument(
        '--downloads', default='downloads', metavar='FOLDER',
        help='what the authors published (default: %(default)s)')
    parser.add_argument(
        '--gpus', type=int, help='processes of the training (default: as '
        'published, one where that is not known)')
    parser.add_argument(
        '--config', help='another config, e.g. one with `_base_` and a '
        'smaller batch, in the place of the official one')
    parser.add_argument(
        '--no-gate', dest='gate', action='store_false',
        help="do not test the authors' own checkpoint first")
    args = parser.parse_args()
    if args.gpus is not None and args.gpus < 1:
        parser.error(f'--gpus must be at least 1, but is {args.gpus}')
    if args.config and not osp.isfile(args.config):
        parser.error(f'{args.config}: there is no such config')
    if args.name is None:
        for name, figures in PAPER.items():
            print(f'{name:32}' + (', '.join(
                f'{metric.split("/")[-1]} {figure:g}'
                for metric, figure in figures.items())
                or "in the paper's table of TGIF-QA"))
        return
    reproduction = Reproduction(args.name, args.config, args.downloads,
                                args.gpus, args.gate)
    if not args.run:
        print(plan(reproduction))
        return
    try:
        go(reproduction)
    except (OSError, ValueError) as error:
        sys.exit(f'reproduce.py: {error}')


if __name__ == '__main__':
    main()
