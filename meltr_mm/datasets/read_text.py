"""Reading a text file, with errors that name it."""
from .require_file import require_file


def read_text(path: str, kind: str) -> str:
    """Read a file as UTF-8; a byte-order mark at its beginning is left out.

    Args:
        path (str): The file.
        kind (str): What it is, for the message.

    Returns:
        str: What it holds, with the line ends that it has.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If it is not UTF-8.
    """
    require_file(path, kind)
    with open(path, 'rb') as file:
        data = file.read()
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path}: must be text in UTF-8, but byte {error.start} is not '
            f'({error.reason}). Fetch or write the file again.') from None
