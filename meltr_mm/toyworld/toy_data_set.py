"""How every toy data set is written: as a whole or not at all."""
import csv
import json
import os
import os.path as osp
import pickle
import shutil
from dataclasses import dataclass, field
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
)

from .world import SPLITS, imagine_clips

# Number of clips of each split, unless told otherwise.
SIZES = dict(train=1000, val=60, test=160)
MANIFEST = 'toyworld.json'


@dataclass(frozen=True)
class ToyDataSet:
    """A toy data set; calling it writes its files.

    Attributes:
        name (str): Its name.
        version (int): Raised when the same arguments give other files than
            before.
        fill (Callable): Writes the files: takes the folder, what ``imagine``
            returned, ``progress`` and the options.
        imagine (Callable): Chooses what is to be seen, from seed and sizes.
            Defaults to :func:`~meltr_mm.toyworld.world.imagine_clips`.
        options (Mapping[str, int]): The options that ``fill`` takes, with
            their defaults; the module of the data set tells what they are.

    Examples:
        >>> from meltr_mm.toyworld import write_youcook2
        >>> write_youcook2('data/toy/youcook2', feature_dim=32)
        True
    """

    name: str
    version: int
    fill: Callable[..., None]
    imagine: Callable[[int, Dict[str, int]], Any] = imagine_clips
    options: Mapping[str, int] = field(default_factory=dict)

    def __call__(self,
                 root: str,
                 seed: int = 0,
                 sizes: Optional[Mapping[str, int]] = None,
                 progress: Callable[[list], Iterable] = iter,
                 **options: int) -> bool:
        """Write the data set, unless a former call did the same.

        Args:
            root (str): The folder.
            seed (int): Decides everything. Defaults to 0.
            sizes (Mapping[str, int], optional): Number of clips of
                ``'train'``, ``'val'`` and ``'test'``. Defaults to 1000, 60
                and 160.
            progress (Callable): Wraps the list of clips or videos, to show
                progress, e.g. ``tqdm``. Defaults to ``iter``.
            **options (int): In the place of defaults in ``options``.

        Returns:
            bool: Whether anything was written.

        Raises:
            FileExistsError: See
                :func:`~meltr_mm.toyworld.toy_data_set.write_folder`.
            TypeError: If an option is not among ``options``.
        """
        unknown = options.keys() - self.options.keys()
        if unknown:
            raise TypeError(
                f'{self.name}: options must be among {sorted(self.options)}, '
                f'but got {sorted(unknown)}')
        options = {**self.options, **options}
        sizes = {split: (sizes or SIZES)[split] for split in SPLITS}
        arguments = dict(
            version=self.version,
            dataset=self.name,
            seed=seed,
            sizes=sizes,
            **options)

        def fill(folder: str) -> None:
            self.fill(
                folder, self.imagine(seed, sizes), progress=progress,
                **options)

        return write_folder(root, arguments, fill)


def write_folder(path: str, arguments: dict,
                 fill: Callable[[str], None]) -> bool:
    """Fill a folder, unless a former call with the same arguments did.

    The files are written into ``<path>.partial``, which takes its name when
    it is complete. An interrupted run so leaves nothing that could be taken
    for a data set, and the next run starts afresh. An error removes them.

    Args:
        path (str): The folder.
        arguments (dict): What the content depends on, JSON types only.
        fill (Callable[[str], None]): Writes the files into the folder that
            it is given.

    Returns:
        bool: Whether anything was written.

    Raises:
        FileExistsError: If the folder has content that is not a toy data set
            with the same arguments.
    """
    if osp.isdir(path) and os.listdir(path):
        manifest = osp.join(path, MANIFEST)
        if not osp.isfile(manifest):
            raise FileExistsError(
                f'{path}: the folder has content but no {MANIFEST}, so it '
                'was not written by this tool. Choose another --out.')
        with open(manifest, encoding='utf-8') as file:
            former = json.load(file)
        if former != arguments:
            raise FileExistsError(
                f'{path}: holds a toy data set made with {former}, not with '
                f'{arguments}. Delete the folder, or choose another --out.')
        return False
    partial = path + '.partial'
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    try:
        fill(partial)
    except Exception:
        shutil.rmtree(partial)
        raise
    write_json(osp.join(partial, MANIFEST), arguments)
    if osp.isdir(path):
        os.rmdir(path)
    os.replace(partial, path)
    return True


def write_json(path: str, content: object) -> None:
    """Write a JSON file, the same bytes for the same content.

    Args:
        path (str): The file.
        content (object): What to write.
    """
    with open(path, 'w', encoding='utf-8', newline='\n') as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write('\n')


def write_pickle(path: str, table: dict) -> None:
    """Write a pickle, the same bytes for the same content.

    Args:
        path (str): The file.
        table (dict): What to write: plain data and numpy arrays.
    """
    with open(path, 'wb') as file:
        pickle.dump(table, file, protocol=4)


def write_csv(path: str, header: Sequence[str],
              rows: Sequence[Sequence[str]]) -> None:
    """Write a csv file.

    Args:
        path (str): The file.
        header (Sequence[str]): Names of the columns.
        rows (Sequence[Sequence[str]]): The rows.
    """
    with open(path, 'w', encoding='utf-8', newline='') as file:
        csv.writer(file, lineterminator='\n').writerows([header, *rows])


def write_lines(path: str, lines: Iterable[str]) -> None:
    """Write a text file, one item per line.

    Args:
        path (str): The file.
        lines (Iterable[str]): Its lines, without their ends.
    """
    with open(path, 'w', encoding='utf-8', newline='\n') as file:
        file.writelines(f'{line}\n' for line in lines)


def write_json_lines(path: str, rows: Iterable[dict]) -> None:
    """Write a file with one JSON object per line.

    Args:
        path (str): The file.
        rows (Iterable[dict]): The objects.
    """
    write_lines(path, (json.dumps(row, ensure_ascii=False) for row in rows))


def write_numbered_answers(path: str, vocab: List[str]) -> None:
    """Write a vocabulary as a dict from answers to their numbers.

    Args:
        path (str): The file.
        vocab (list[str]): The answers by number.
    """
    write_json(path, {answer: label for label, answer in enumerate(vocab)})
