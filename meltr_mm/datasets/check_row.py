"""Checking one row of an annotation file."""
from typing import Any, Sequence


def check_row(item: Any,
              keys: Sequence[str],
              where: str,
              texts: Sequence[str] = ('question', )) -> None:
    """Check that a row has what a dataset reads of it.

    Args:
        item (Any): The row.
        keys (Sequence[str]): Keys that it must have.
        where (str): File and row, for the message.
        texts (Sequence[str]): Those among the keys that must be texts which
            are not empty. Defaults to ``('question', )``.

    Raises:
        ValueError: If it is no dict, or lacks a key or a text.
    """
    if not isinstance(item, dict):
        raise ValueError(f'{where}: must be a dict, but is {item!r}.')
    for key in keys:
        if key not in item:
            raise ValueError(
                f'{where}: the key {key!r} is missing; the row has '
                f'{sorted(item)}. Add it, or take the row out.')
        value = item[key]
        if key in texts and not (isinstance(value, str) and value.strip()):
            raise ValueError(
                f'{where}: `{key}` must be a text that is not empty, but '
                f'is {value!r}. Add it, or take the row out.')


def name_in_row(item: dict, key: str, where: str) -> str:
    """Read a name that some files write as a number.

    Args:
        item (dict): The row.
        key (str): Under which it stands.
        where (str): File and row, for the message.

    Returns:
        str: The name.

    Raises:
        ValueError: If it is neither a text nor a whole number.
    """
    value = item[key]
    if type(value) is not int and not (
            isinstance(value, str) and value.strip()):
        raise ValueError(
            f'{where}: `{key}` must be a name or a number, but is {value!r}. '
            'Correct it, or take the row out.')
    return str(value)
