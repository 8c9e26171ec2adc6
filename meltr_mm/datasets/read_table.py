"""Reading a tab-separated annotation file, with errors that name it."""
import csv
from typing import Dict, List

from .require_file import require_file


def read_table(path: str) -> List[Dict[str, str]]:
    """Read a table with tabs between the columns and names in the first line.

    Fields may be quoted. The ``.csv`` files of TGIF-QA are such tables.

    Args:
        path (str): The file.

    Returns:
        list[dict[str, str]]: One dict per line after the first.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If a line has another number of columns than the first.
    """
    require_file(path, 'annotation file')
    with open(path, encoding='utf-8', newline='') as file:
        reader = csv.reader(file, delimiter='\t')
        header = next(reader, [])
        rows = []
        for fields in reader:
            if len(fields) != len(header):
                raise ValueError(
                    f'{path}, line {reader.line_num}: must have the '
                    f'{len(header)} columns {header} with tabs between '
                    f'them, but has {len(fields)}. Fetch the file again.')
            rows.append(dict(zip(header, fields, strict=True)))
    return rows
