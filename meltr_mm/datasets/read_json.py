"""Reading an annotation file, with errors that name it."""
import json
import os.path as osp
from typing import Any


def read_json(path: str) -> Any:
    """Read a JSON file.

    Args:
        path (str): The file.

    Returns:
        Any: What it holds.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If the file is not JSON.
    """
    folder = osp.dirname(osp.abspath(path))
    if not osp.isdir(folder):
        raise FileNotFoundError(
            f'{folder}: the data folder does not exist. Download or generate '
            'the data set there, or set `data_root` in the config.')
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{path}: there is no such annotation file. Put it there, or '
            'correct the path in the config.')
    with open(path, encoding='utf-8') as file:
        try:
            return json.load(file)
        except ValueError as error:
            raise ValueError(
                f'{path}: the file is not valid JSON ({error}). Fetch or '
                'write it again.') from None
