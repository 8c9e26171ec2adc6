"""Reading an annotation file, with errors that name it."""
import json
from typing import Any

from .read_text import read_text


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
    text = read_text(path, 'annotation file')
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f'{path}: the file is not valid JSON ({error}). Fetch or write '
            'it again.') from None
