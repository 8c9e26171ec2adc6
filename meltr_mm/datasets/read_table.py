"""Reading an annotation file with columns, with errors that name it."""
import csv
import io
from typing import Dict, List

from .read_text import read_text


def read_table(path: str, delimiter: str = '\t') -> List[Dict[str, str]]:
    """Read a table with the names of its columns in the first line.

    Fields may be quoted, and empty lines do not count. The ``.csv`` files of
    TGIF-QA have tabs between their columns.

    Args:
        path (str): The file.
        delimiter (str): What stands between columns. Defaults to a tab.

    Returns:
        list[dict[str, str]]: One dict per line after the first.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If a line has another number of columns than the first,
            or two columns have one name.
    """
    text = read_text(path, 'annotation file')
    # Strict: else a quote that is not closed swallows all rows after it.
    reader = csv.reader(
        io.StringIO(text, newline=''), delimiter=delimiter, strict=True)
    try:
        lines = [(reader.line_num, fields) for fields in reader if fields]
    except csv.Error as error:
        raise ValueError(
            f'{path}, line {reader.line_num}: is not part of a table '
            f'({error}). Fetch the file again.') from None
    header = lines[0][1] if lines else []
    if len(set(header)) < len(header):
        raise ValueError(
            f'{path}: each column must have a name of its own in the first '
            f'line, but they are {header}. Fetch the file again.')
    between = dict(zip('\t,', ('tabs', 'commas'), strict=True))[delimiter]
    for number, fields in lines:
        if len(fields) != len(header):
            raise ValueError(
                f'{path}, line {number}: must have the {len(header)} columns '
                f'{header} with {between} between them, but has '
                f'{len(fields)}. Fetch the file again.')
    return [dict(zip(header, fields, strict=True)) for _, fields in lines[1:]]
