"""Reading a comma-separated annotation file, with errors that name it."""
from typing import Dict, List, Sequence

from .read_table import read_table


def read_csv(path: str, columns: Sequence[str]) -> List[Dict[str, str]]:
    """Read a table with commas between columns and names in the first line.

    Args:
        path (str): The file.
        columns (Sequence[str]): Columns that must be there and be filled.

    Returns:
        list[dict[str, str]]: One dict per row, with all columns.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If a column or a value is missing, there is no row, or a
            row has more or fewer values than the first line.
    """
    rows = read_table(path, ',')
    if not rows:
        raise ValueError(f'{path}: there is no row below the first line.')
    missing = [column for column in columns if column not in rows[0]]
    if missing:
        raise ValueError(
            f'{path}: the first line must name the columns {list(columns)}, '
            f'but {missing} are not among {list(rows[0])}. Is this the right '
            'file?')
    for number, row in enumerate(rows, 1):
        for column in columns:
            if not row[column].strip():
                raise ValueError(
                    f'{path}, row {number}: {column!r} must not be empty. '
                    'Fill it in, or take the row out.')
    return rows
