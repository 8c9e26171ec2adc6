"""Reading an annotation file with one JSON object per line."""
import io
import json
from typing import List

from .read_text import read_text


def read_json_lines(path: str) -> List[dict]:
    """Read a file of JSON lines; empty lines do not count.

    Args:
        path (str): The file.

    Returns:
        list[dict]: One per line.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If a line is not a JSON object, or there is none.
    """
    text = read_text(path, 'annotation file')
    rows = []
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f'{path}, line {number}: is not valid JSON ({error}). '
                'Fetch or write the file again.') from None
        if not isinstance(row, dict):
            raise ValueError(
                f'{path}, line {number}: must be one object in braces, '
                f'but is a {type(row).__name__}. A file that is one JSON '
                'list is another format.')
        rows.append(row)
    if not rows:
        raise ValueError(f'{path}: the file has no lines.')
    return rows
