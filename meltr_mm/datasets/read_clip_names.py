"""Reading MSVD-QA's table of clip names."""
import io
import os.path as osp
from typing import Dict

from .read_text import read_text


def read_clip_names(path: str) -> Dict[str, str]:
    """Read which clip each number of MSVD-QA stands for.

    Args:
        path (str): File with lines ``<clip name> vid<id>``.

    Returns:
        dict[str, str]: ``vid<id>`` -> clip name.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If a line is something else, or gives a number a second
            clip.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{path}: there is no such file. It says which clip a number '
            'stands for; put it there, or set `mapping_file`.')
    text = read_text(path, 'table of clip names')
    clip_of: Dict[str, str] = {}
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 2 or clip_of.setdefault(
                fields[1], fields[0]) != fields[0]:
            raise ValueError(
                f'{path}, line {number}: must be `<clip name> vid<id>`, one '
                f'clip for each id, but is {line.strip()!r}.')
    return clip_of
