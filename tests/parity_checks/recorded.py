"""Which entries of a fixture are results, as opposed to its settings."""
from typing import Any, Iterator, List, Sequence


def recorded(fixture: dict, sections: Sequence[str],
             settings: Sequence[str]) -> List[str]:
    """List the paths of all results.

    Args:
        fixture (dict): Content of the file.
        sections (Sequence[str]): Its entries that hold results.
        settings (Sequence[str]): Paths in them that do not.

    Returns:
        list[str]: 'section.entry...' of every tensor, number or list.
    """
    paths = [
        path for section in sections if section in fixture
        for path in _leaves(fixture[section], section)
    ]
    return [
        path for path in paths if not any(
            path == setting or path.startswith(f'{setting}.')
            for setting in settings)
    ]


def _leaves(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield path
        return
    for key, entry in value.items():
        yield from _leaves(entry, f'{path}.{key}')
