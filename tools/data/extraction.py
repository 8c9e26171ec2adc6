"""What the extractions from a folder of videos have in common.

Processes decode, the main one computes in batches. Each video that is done
is a file in OUTPUT.partial, so that an interrupted run goes on where it was,
and several machines share the work (``--shard I/N``, one folder that all of
them see). Whoever finds all videos done writes OUTPUT.
"""
import argparse
import io
import json
import os
import os.path as osp
import pickle
import shutil
import signal
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import numpy as np
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from tqdm import tqdm

ENDINGS = ('.3g2', '.3gp', '.apng', '.asf', '.avi', '.flv', '.gif', '.m2ts',
           '.m2v', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.mts',
           '.mxf', '.ogv', '.ts', '.vob', '.webm', '.wmv', '')

# Pieces of a video, one after the other; a long one has several.
Decode = Callable[[str], Iterator[np.ndarray]]
# A batch of pieces below each other -> as many rows of results.
Encode = Callable[[np.ndarray], np.ndarray]


class ExtractionError(ValueError):
    """What ends an extraction; the text says why and what to do."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every extraction."""
    parser.add_argument('--workers', type=int, default=os.cpu_count(),
                        help='processes that decode (0: this one)')
    parser.add_argument('--shard', type=_shard, default=(1, 1), metavar='I/N',
                        help='do the I-th of N parts, I = 1..N')
    parser.add_argument('--keep-going', action='store_true',
                        help='leave broken videos out and list them in '
                        'OUTPUT.failed.txt, instead of stopping at the first')


def _shard(text: str) -> Tuple[int, int]:
    try:
        part, parts = map(int, text.split('/'))
    except ValueError:
        part = parts = 0
    if not 1 <= part <= parts:
        raise argparse.ArgumentTypeError(
            f'must be I/N with 1 <= I <= N, such as 2/8, but is {text!r}')
    return part, parts


def videos_in(folder: str) -> Dict[str, str]:
    """List the videos in a folder and the folders in it.

    Args:
        folder (str): The folder.

    Returns:
        dict[str, str]: File by its name without folder and ending, sorted.

    Raises:
        ExtractionError: If there is none, or two have one name.
    """
    files = sorted(path for path in Path(folder).rglob('*')
                   if path.is_file() and not path.name.startswith('.'))
    videos: Dict[str, str] = {}
    others = []
    for path in files:
        if path.suffix.lower() not in ENDINGS:
            others.append(path.name)
        elif path.stem in videos:
            raise ExtractionError(
                f'{path} and {videos[path.stem]} would have one name, '
                f'{path.stem!r}. Rename one, or move it elsewhere.')
        else:
            videos[path.stem] = str(path)
    if not videos:
        raise ExtractionError(f'{folder}: there is no video in this folder.')
    if others:
        print(f'{len(others)} files are no videos by their endings and are '
              f'left out, such as {others[0]}', file=sys.stderr)
    return dict(sorted(videos.items()))


def extract(output: str,
            names: List[str],
            decode: Decode,
            write: Callable[[Mapping, str], None],
            settings: Dict[str, Any],
            args: argparse.Namespace,
            encode: Optional[Encode] = None,
            batch_size: int = 1) -> None:
    """Extract what is not there yet, and write the output if all is.

    Args:
        output (str): The file to write in the end.
        names (list[str]): All videos.
        decode (Callable): Name -> its pieces. Runs in other processes.
        write (Callable): Takes ``{name: rows}`` and the file to write.
        settings (dict): What the results depend on.
        args (Namespace): With :func:`add_options`.
        encode (Callable, optional): Pieces -> rows. Defaults to None: the
            pieces are the result.
        batch_size (int): Rows per call of ``encode``. Defaults to 1.

    Raises:
        ExtractionError: If a video is broken, none can be read, or the
            output is there or was begun with other settings.
        SystemExit: With 1 if videos were left out.
    """
    partial = Partial(output, settings)
    part, parts = args.shard
    mine = names[part - 1::parts]
    done = set(partial)
    todo = [name for name in mine if name not in done]
    with tqdm(total=len(mine), initial=len(mine) - len(todo),
              unit='video') as progress:
        for name, rows in _results(todo, decode, encode, batch_size,
                                   args.workers):
            if isinstance(rows, Exception):
                if not args.keep_going:
                    raise ExtractionError(
                        f'{rows} (--keep-going leaves such videos out)')
                progress.write(f'FAILED {rows}', file=sys.stderr)
                partial.fail(name, rows)
            else:
                partial.save(name, rows)
            progress.update()
    _finish(partial, names, write)


def _finish(partial: 'Partial', names: List[str],
            write: Callable[[Mapping, str], None]) -> None:
    output, failed = partial.output, partial.failed()
    left = len(names) - len(partial) - len(failed)
    if left:
        print(f'{output}: {len(names) - left} of {len(names)} videos are '
              'done. Run the other shards; the last one writes the file.')
        return
    if not len(partial):
        raise ExtractionError(
            f'{output}: none of the {len(names)} videos can be read.')
    write(partial, output)
    print(f'{output}: {len(partial)} videos')
    shutil.rmtree(partial.folder, ignore_errors=True)
    listed = f'{output}.failed.txt'
    if failed:
        with open(listed, 'w', encoding='utf-8') as file:
            file.writelines(f'{name}\n' for name in failed)
        raise SystemExit(f'{len(failed)} of {len(names)} videos could not be '
                         f'read and are left out; {listed} names them')
    if osp.exists(listed):
        os.remove(listed)


def run(main: Callable[[], None]) -> None:
    """Run a command; what goes wrong is one line."""
    name = osp.basename(sys.argv[0])
    try:
        main()
    except (OSError, ValueError, pickle.UnpicklingError) as error:
        raise SystemExit(f'{name}: {error}') from None
    except KeyboardInterrupt:
        print(f'\n{name}: interrupted. The same command goes on where it was.',
              file=sys.stderr)
        raise SystemExit(130) from None


def write_pickle(table: Mapping, path: str,
                 entry: Callable[[np.ndarray], Any] = np.array) -> None:
    """Write ``{name: entry}``, whole or not at all."""
    with open(f'{path}.part', 'wb') as file:
        pickle.dump({name: entry(rows) for name, rows in table.items()},
                    file, protocol=4)
    os.replace(f'{path}.part', path)


class Partial(Mapping):
    """Results of single videos, in a folder beside the output.

    A mapping from names to arrays, in the order of the names.

    Args:
        output (str): The file that will be made of them.
        settings (dict): What they depend on.

    Raises:
        ExtractionError: If the output is there already, or the folder is of
            other settings.
    """

    def __init__(self, output: str, settings: Dict[str, Any]) -> None:
        self.output = output
        self.folder = f'{output}.partial'
        if osp.exists(output):
            raise ExtractionError(
                f'{output}: is there already. Delete it to extract anew.')
        os.makedirs(self.folder, exist_ok=True)
        path = osp.join(self.folder, 'settings.json')
        text = json.dumps(settings, sort_keys=True)
        if osp.exists(path):
            begun = Path(path).read_text('utf-8')
            if begun != text:
                raise ExtractionError(
                    f'{self.folder}: was begun with {begun}, but now it is '
                    f'{text}. Delete the folder to begin anew.')
        else:
            _write(path, text.encode())

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed('.npy'))

    def __len__(self) -> int:
        return len(self._listed('.npy'))

    def __getitem__(self, name: str) -> np.ndarray:
        return np.load(self._path(name, '.npy'), allow_pickle=False)

    def save(self, name: str, rows: np.ndarray) -> None:
        """Keep the result of a video."""
        content = io.BytesIO()
        np.save(content, rows)
        _write(self._path(name, '.npy'), content.getvalue())

    def fail(self, name: str, error: Exception) -> None:
        """Note that a video cannot be read."""
        _write(self._path(name, '.failed'), str(error).encode())

    def failed(self) -> List[str]:
        """Give the names of those that cannot be read."""
        done = set(self)
        return [name for name in self._listed('.failed') if name not in done]

    def _path(self, name: str, ending: str) -> str:
        # A name of a pickle can be a path.
        name = name.replace('%', '%25').replace('/', '%2F')
        return osp.join(self.folder, name + ending)

    def _listed(self, ending: str) -> List[str]:
        return sorted(
            file[:-len(ending)].replace('%2F', '/').replace('%25', '%')
            for file in os.listdir(self.folder) if file.endswith(ending))


def _write(path: str, content: bytes) -> None:
    with open(f'{path}.part', 'wb') as file:
        file.write(content)
    os.replace(f'{path}.part', path)


def _results(names: List[str], decode: Decode, encode: Optional[Encode],
             batch_size: int, workers: int) -> Iterator[Tuple[str, Any]]:
    """Yield the rows of each video, or the error that it raised."""
    loader = DataLoader(
        _Pieces(names, decode), batch_size=None,
        num_workers=min(workers, len(names)), collate_fn=_as_it_is,
        worker_init_fn=_leave_interrupts_to_the_main_process)
    rows: Dict[str, List[np.ndarray]] = defaultdict(list)
    waiting: List[Tuple[str, Any]] = []
    count = 0
    for name, piece in loader:
        waiting.append((name, piece))
        count += len(piece) if isinstance(piece, np.ndarray) else 0
        at_once = isinstance(piece, Exception) or piece is None and not count
        if count >= batch_size or at_once:
            yield from _ended(waiting, rows, encode, batch_size)
            waiting, count = [], 0
    yield from _ended(waiting, rows, encode, batch_size)


def _ended(waiting: List[Tuple[str, Any]], rows: Dict[str, List[np.ndarray]],
           encode: Optional[Encode],
           batch_size: int) -> Iterator[Tuple[str, Any]]:
    """Encode what is waiting, and yield the videos that end in it."""
    pieces = [(name, piece) for name, piece in waiting
              if isinstance(piece, np.ndarray)]
    if encode is None:
        for name, piece in pieces:
            rows[name].append(piece)
    elif pieces:
        batch = np.concatenate([piece for _, piece in pieces])
        encoded = np.concatenate([
            encode(batch[first:first + batch_size])
            for first in range(0, len(batch), batch_size)
        ])
        for name, piece in pieces:
            rows[name].append(encoded[:len(piece)])
            encoded = encoded[len(piece):]
    for name, piece in waiting:
        if isinstance(piece, Exception):
            rows.pop(name, None)
            yield name, piece
        elif piece is None:
            yield name, np.concatenate(rows.pop(name))


def _leave_interrupts_to_the_main_process(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _as_it_is(item: Any) -> Any:
    return item


class _Pieces(IterableDataset):
    """Yields (name, piece), and (name, None) or (name, error) at the end."""

    def __init__(self, names: List[str], decode: Decode) -> None:
        self.names = names
        self.decode = decode

    def __iter__(self) -> Iterator[Tuple[str, Any]]:
        worker = get_worker_info()
        names = self.names
        if worker is not None:
            names = names[worker.id::worker.num_workers]
        for name in names:
            try:
                for piece in self.decode(name):
                    yield name, piece
                yield name, None
            except (OSError, ValueError) as error:
                yield name, error
