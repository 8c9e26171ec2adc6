"""Reading a comma-separated annotation file, with errors that name it."""
import csv
from typing import Dict, List, Sequence

from .require_file import require_file


def read_csv(path: str, columns: Sequence[str]) -> List[Dict[str, str]]:
    """Read a table with commas between columns and names in the first line.

    Args:
        path (str): The file.
        columns (Sequence[str]): Columns that must be there and be filled.

    Returns:
        list[dict[str, str]]: One dict per row, with all columns.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If a column or a value is missing, or there is no row.
    """
    require_file(path, 'annotation file')
    with open(path, encoding='utf-8', newline='') as file:
        reader = csv.DictReader(file)
        header = reader.fieldnames or []
        missing = [column for column in columns if column not in header]
        if missing:
            raise ValueError(
                f'{path}: the first line must name the columns '
                f'{list(columns)}, but {missing} are not among {header}. '
                'Is this the right file?')
        rows = []
        for row in reader:
            for column in columns:
                if not (row[column] or '').strip():
                    raise ValueError(
                        f'{path}, line {reader.line_num}: {column!r} must '
                        'not be empty. Fill it in, or take the row out.')
            rows.append(row)
    if not rows:
        raise ValueError(f'{path}: there is no row below the first line.')
    return rows
