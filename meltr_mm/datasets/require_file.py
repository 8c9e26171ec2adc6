"""One error for data that is not there."""
import os.path as osp


def require_file(path: str, kind: str) -> None:
    """Check that a data file exists.

    Args:
        path (str): The file.
        kind (str): What it is, for the message.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
    """
    folder = osp.dirname(osp.abspath(path))
    if not osp.isdir(folder):
        raise FileNotFoundError(
            f'{folder}: the data folder does not exist, so there is no '
            f'{kind} {osp.basename(path)}. Download or generate the data '
            'set there, or set `data_root` in the config.')
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{path}: there is no such {kind}. Put it there, or correct the '
            'path in the config.')
