"""Reading an annotation file, with errors that name it."""
import json
from typing import Any

from .require_file import require_file


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
    require_file(path, 'annotation file')
    with open(path, encoding='utf-8') as file:
        try:
            return json.load(file)
        except ValueError as error:
            raise ValueError(
                f'{path}: the file is not valid JSON ({error}). Fetch or '
                'write it again.') from None
