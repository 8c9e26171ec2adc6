"""Reading MSVD-QA's table of clip names."""
import os.path as osp
from typing import Dict


def read_clip_names(path: str) -> Dict[str, str]:
    """Read which clip each number of MSVD-QA stands for.

    Args:
        path (str): File with lines ``<clip name> vid<id>``.

    Returns:
        dict[str, str]: ``vid<id>`` -> clip name.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If a line is something else.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{path}: there is no such file. It says which clip a number '
            'stands for; put it there, or set `mapping_file`.')
    clip_of = {}
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            fields = line.split()
            if not fields:
                continue
            if len(fields) != 2:
                raise ValueError(
                    f'{path}, line {number}: must be `<clip name> vid<id>`, '
                    f'but is {line.strip()!r}.')
            clip_of[fields[1]] = fields[0]
    return clip_of
