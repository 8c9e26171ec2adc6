"""The environment of the processes that tests start."""
import os


def environment(*folders, **settings):
    """That of this process, with folders added to PYTHONPATH.

    What is on it stays: another set of versions may be tested.
    """
    paths = [*map(str, folders), os.environ.get('PYTHONPATH', '')]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths)),
                **settings)
