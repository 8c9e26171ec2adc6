"""Writing a data set as a whole or not at all."""
import csv
import json
import os
import os.path as osp
import pickle
import shutil
from typing import Callable, Sequence

MANIFEST = 'toyworld.json'


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
