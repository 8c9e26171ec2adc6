"""Where an installed meltr_mm keeps its configs and tools.

::

    mim train mmaction \\
        $(python -m meltr_mm.packaged configs/toy/meltr_violet_msvdqa.py)
    python -m meltr_mm.packaged        # lists all
"""
import argparse
from difflib import get_close_matches
from pathlib import Path
from typing import List, Optional, Sequence

_MIM = Path(__file__).resolve().parent / '.mim'


def packaged_path(name: str) -> str:
    """Find a config or tool of the installed package.

    Args:
        name (str): Its path in the repository, such as
            'configs/toy/meltr_violet_msvdqa.py' or 'tools/demo.py'.

    Returns:
        str: Absolute path of the file or folder.

    Raises:
        FileNotFoundError: If there is none of that name.
    """
    path = _root() / name
    if not path.exists():
        close = get_close_matches(name, packaged_names(), 3)
        raise FileNotFoundError(
            f'{name} must be a config or tool of meltr_mm, such as '
            f"{close or ['configs/toy/meltr_violet_msvdqa.py']}; "
            '`python -m meltr_mm.packaged` lists them all')
    return str(path)


def packaged_names() -> List[str]:
    """List all configs and tools, by their paths in the repository."""
    root = _root()
    return sorted(
        str(path.relative_to(root)) for folder in ('configs', 'tools')
        for path in (root / folder).resolve().rglob('*')
        if path.suffix in ('.py', '.sh'))


def _root() -> Path:
    # A clone that was never installed has them beside the package.
    root = _MIM if (_MIM / 'configs').exists() else _MIM.parents[1]
    return (root / 'configs').resolve().parent


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Print the path of one, or the names of all."""
    parser = argparse.ArgumentParser(
        description='Print where a packaged config or tool is.')
    parser.add_argument(
        'name', nargs='?', help='such as configs/toy/meltr_violet_msvdqa.py; '
        'without it all names are listed')
    name = parser.parse_args(argv).name
    try:
        print(packaged_path(name) if name else '\n'.join(packaged_names()))
    except FileNotFoundError as error:
        parser.error(str(error))


if __name__ == '__main__':
    main()
