"""Reads the docstrings of this package, and writes them as Markdown."""
import inspect
import re
from dataclasses import dataclass
from typing import Any, Dict, List

PACKAGE = 'meltr_mm'
SECTIONS = ('Args', 'Attributes', 'Returns', 'Yields', 'Raises', 'Example',
            'Examples', 'Note', 'Warnings')
_HEADER = re.compile(rf'^({"|".join(SECTIONS)}):\n', re.M)
_ENTRY = re.compile(
    r'(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: \((?P<type>.*?)\))?: '
    r'(?P<text>.*)', re.S)
_CODE = re.compile(r'(`[^`]*`|\$[^$]*\$|\.\. math::.*?(?=\n\n|\Z))', re.S)
_POINTER = re.compile(r'(?:See|As for) :class:`~?(?:[\w.]+\.)?(\w+)`\.')


@dataclass
class Argument:
    """One entry of an ``Args`` section.

    Attributes:
        name (str): Its name, without stars.
        type (str): What the parentheses say; may be empty.
        text (str): What it means.
    """
    name: str
    type: str
    text: str


def sections(thing: Any) -> Dict[str, str]:
    """Split a docstring.

    Args:
        thing (Any): A class or function, or a docstring.

    Returns:
        dict[str, str]: Per section of the Google style its text, dedented;
        under ``''`` what stands before the first one.
    """
    text = thing if isinstance(thing, str) else thing.__doc__ or ''
    parts = _HEADER.split(inspect.cleandoc(text) + '\n')
    found = {'': parts[0].strip()}
    for name, body in zip(parts[1::2], parts[2::2]):
        found[name] = inspect.cleandoc('\n' + body).strip()
    return found


def own_arguments(thing: Any) -> List[Argument]:
    """Read the ``Args`` section of one docstring.

    Args:
        thing (Any): A class or function.

    Returns:
        list[Argument]: Its entries; two names before one text are two.

    Raises:
        ValueError: If an entry is not ``name (type): text``.
    """
    body = sections(thing).get('Args', '')
    found = []
    for entry in filter(None, re.split(r'\n(?=\S)', body)):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(
                f'{thing.__qualname__}: an argument must be documented as '
                f'`name (type): text`, but one is {entry!r}')
        found += [
            Argument(name.lstrip('*'), match['type'] or '', match['text'])
            for name in match['names'].split(', ')
        ]
    return found


def arguments(thing: Any) -> List[Argument]:
    """Collect the arguments that a class documents itself or inherits.

    Args:
        thing (Any): A class or function.

    Returns:
        list[Argument]: Its own, then those that only classes of this package
        above it document. What an entry says of ``*args`` or ``**kwargs`` is
        left out if it is no more than "see" one of these classes.
    """
    classes = [base for base in getattr(thing, '__mro__', (thing, ))
               if base.__module__.startswith(PACKAGE)]
    names = {base.__name__ for base in classes}
    found: Dict[str, Argument] = {}
    for base in classes:
        for argument in own_arguments(base):
            points = _POINTER.fullmatch(argument.text)
            if not points or points[1] not in names:
                found.setdefault(argument.name, argument)
    return list(found.values())


def markdown(text: str) -> str:
    """Write the reStructuredText of a docstring as Markdown.

    Args:
        text (str): Paragraphs, lists, roles, literals and formulas.

    Returns:
        str: The same as GitHub renders it.
    """
    text = re.sub(r':math:`(.*?)`', r'$\1$', text, flags=re.S)
    text = re.sub(r':\w+:`~?([\w\s.]+?)`', _last_name, text)
    text = re.sub(r'``(.+?)``', r'`\1`', text, flags=re.S)
    prose = _CODE.split(text)
    # A product is no emphasis.
    prose[::2] = [re.sub(r'(?<=\w)\*(?=[\w(])', r'\\*', p)
                  for p in prose[::2]]
    return re.sub(r'\.\. math:: ?(.*?)(?=\n\n|\Z)',
                  lambda m: f'```math\n{inspect.cleandoc(m[1])}\n```',
                  ''.join(prose), flags=re.S)


def cell(text: str) -> str:
    """Write a text on one line, for a cell of a Markdown table.

    Args:
        text (str): Paragraphs and lists of a docstring.

    Returns:
        str: One line, without a bar that would end the cell.
    """
    items = re.sub(r'\n+\s*- ', '<br>- ', markdown(text))
    return re.sub(r'\s+', ' ', items).replace('|', r'\|').strip()


def _last_name(match: re.Match) -> str:
    name = re.sub(r'\s+', '', match[1])
    if name.startswith('~') or name.startswith(PACKAGE):
        name = name.split('.')[-1]
    return f'`{name}`'
