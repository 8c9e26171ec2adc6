"""Files that are whole or not there, however a run ends.

MMEngine writes a checkpoint straight into its place, and the name of the
newest one into ``last_checkpoint``. A process that is killed meanwhile, or a
full disk, leaves half a file under the name that ``--resume`` reads.
"""
import logging
import os
import os.path as osp
import re
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator, List, Optional, Union

import mmengine
from mmengine.dist import get_rank
from mmengine.fileio import LocalBackend
from mmengine.logging import print_log

_USUAL_NAME = r'(epoch|iter)_\d+\.pth'


class AtomicLocalBackend(LocalBackend):
    """MMEngine's local files, written beside their place and then moved.

    While a file is written it is called ``<name>.part``, with the number of
    the process in it for all but the first. Only when all of it
    is on the disk does it take its name, in one step, so that under that name
    there is the new file, the old one or none.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write bytes.

        Args:
            obj (bytes): What to write.
            filepath (str or Path): The file; its folder is made if missing.

        Raises:
            OSError: If it cannot be written, such as on a full disk. What
                stood there before is untouched.
        """
        with _replacing(filepath, 'wb') as file:
            file.write(obj)

    def put_text(self,
                 obj: str,
                 filepath: Union[str, Path],
                 encoding: str = 'utf-8') -> None:
        """Write a text; see :meth:`put`.

        Args:
            obj (str): What to write.
            filepath (str or Path): The file; its folder is made if missing.
            encoding (str): Its encoding. Defaults to 'utf-8'.
        """
        with _replacing(filepath, 'w', encoding) as file:
            file.write(obj)


@contextmanager
def _replacing(filepath: Union[str, Path],
               mode: str,
               encoding: Optional[str] = None) -> Iterator[IO]:
    # A link stays one: what it points to is replaced.
    path = osp.realpath(filepath)
    mmengine.mkdir_or_exist(osp.dirname(path))
    if osp.exists(path) and not osp.isfile(path):  # a device or a pipe
        with open(path, mode, encoding=encoding) as file:
            yield file
        return
    # Every process of a run dumps its config, all into the same file.
    rank = get_rank()
    part = f'{path}.rank{rank}.part' if rank else f'{path}.part'
    try:
        with open(part, mode, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        if osp.exists(part):
            os.remove(part)
        if isinstance(error, OSError):
            raise OSError(
                error.errno,
                f'{error.strerror}; the file could not be written, and what '
                'stood there before is untouched. Make room, or correct the '
                'path or its rights; a training then goes on with --resume',
                str(filepath)) from None
        raise


def find_whole_checkpoint(work_dir: str) -> Optional[str]:
    """Find the checkpoint that a run is to be resumed from.

    That is the one which ``last_checkpoint`` names. If it is gone or is not
    whole, or no file is named, it is the newest whole one beside it, with a
    warning.

    Args:
        work_dir (str): The work directory of the run.

    Returns:
        str or None: The checkpoint; None if the run has not written any.

    Raises:
        ValueError: If there are checkpoints, but none is whole.
    """
    note = osp.join(work_dir, 'last_checkpoint')
    named = ''
    if osp.isfile(note):
        with open(note, encoding='utf-8') as file:
            named = file.read().strip()
        # Of a file on a server nothing is known before it is loaded.
        if '://' in named or named.startswith(('s3:', 'petrel:')):
            return named
        if named and is_whole_checkpoint(named):
            return named
    candidates = _others(work_dir, named)
    for path in candidates:
        if is_whole_checkpoint(path):
            fault = f'{named} is not whole'
            if not named:
                fault = f'{note} names no checkpoint'
            elif not osp.exists(named):
                fault = f'{named}, which {note} names, does not exist'
            print_log(f'{fault}; the run is resumed from {path}', 'current',
                      logging.WARNING)
            return path
    if named or candidates:
        raise ValueError(
            f'{named or note}: there must be a whole checkpoint to resume '
            f'from, but this one and {len(candidates)} earlier ones are '
            'damaged or gone. Give another with `--resume path/of/'
            'checkpoint.pth`, or start again without --resume')
    return None


def is_whole_checkpoint(path: str) -> bool:
    """Check that nothing of a checkpoint is missing or damaged.

    Args:
        path (str): The file that ``torch.save`` wrote; a folder, as DeepSpeed
            writes, is taken as it is.

    Returns:
        bool: Whether its archive is complete and all checksums are right.
    """
    if osp.isdir(path):
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def _others(work_dir: str, named: str) -> List[str]:
    """Checkpoints to fall back on, the newest first.

    A later number than that of the named one is of an earlier run.
    """
    if not named:
        paths = _files(work_dir, _USUAL_NAME)
        return sorted(paths, key=osp.getmtime, reverse=True)
    # Also in the work directory itself: it may have been moved.
    pattern = re.sub(r'\d+', lambda _: r'\d+', re.escape(osp.basename(named)))
    paths = _files(osp.dirname(named) or '.', pattern)
    if osp.abspath(osp.dirname(named)) != osp.abspath(work_dir):
        paths += _files(work_dir, pattern)
    paths = [path for path in paths if _number(path) <= _number(named)]
    return sorted(paths, key=_number, reverse=True)


def _files(folder: str, pattern: str) -> List[str]:
    if not osp.isdir(folder):
        return []
    return [
        osp.join(folder, name) for name in os.listdir(folder)
        if re.fullmatch(pattern, name)
    ]


def _number(path: str) -> int:
    return int(([0] + re.findall(r'\d+', osp.basename(path)))[-1])
