"""Runs a script that the installed MMAction2 ships, as it is."""
import os
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

_INTERRUPTED = {
    'train.py': 'Interrupted. The same command goes on from the last '
    'checkpoint if --resume is added to it',
    'test.py': 'Interrupted. Nothing was written; the same command starts '
    'again',
}


def run_stock_script(name: str) -> None:
    """Run ``<mmaction>/.mim/tools/<name>`` with this process's arguments.

    The repository is importable while it runs, so that ``custom_imports``
    finds ``meltr_mm`` in a clone that was not installed.

    Args:
        name (str): File name of the script.

    Raises:
        FileNotFoundError: If the installed MMAction2 has no such script.
    """
    package = Path(find_spec('mmaction').submodule_search_locations[0])
    # A wheel holds the scripts in `.mim`, a source checkout beside it.
    candidates = (package / '.mim' / 'tools' / name,
                  package.parent / 'tools' / name)
    script = next((path for path in candidates if path.exists()), None)
    if script is None:
        raise FileNotFoundError(
            f'the installed MMAction2 must ship tools/{name}, looked in '
            f'{[str(path) for path in candidates]}; install mmaction2==1.2.0')
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    sys.argv[0] = str(script)
    try:
        # Before the config is read: its bases may be 'meltr_mm::...'.
        from meltr_mm.config import ConfigKeyError
        from meltr_mm.pickled_arrays import RefusedFileError
        runpy.run_path(str(script), run_name='__main__')
    except KeyboardInterrupt:
        if os.environ.get('RANK', '0') == '0':
            print(f'\n{_INTERRUPTED[name]}', file=sys.stderr)
        sys.exit(130)  # as a shell says it
    except (ConfigKeyError, FileNotFoundError, RefusedFileError) as error:
        sys.exit(str(error))
