"""Docstrings become the Markdown that they mean."""
import sys

import pytest
from docstrings import arguments, cell, markdown, own_arguments, sections
from make_reference import main, signature
from test_docstrings import COMPONENTS

from meltr_mm.meltr import AmpAIDOptimWrapper


def test_command_writes_the_page(monkeypatch, tmp_path):
    """Every component, config and script is on it."""
    file = tmp_path / 'reference.md'
    monkeypatch.setattr(sys, 'argv', ['make_reference.py', str(file)])
    main()
    text = file.read_text()
    for name in (*COMPONENTS, 'configs/toy/meltr_violet_msvdqa.py',
                 'tools/train.py'):
        assert name in text, name


@pytest.mark.parametrize('text, expected', [
    ('``a|b`` and :class:`~meltr_mm.meltr.MELTR`', '`a|b` and `MELTR`'),
    (':class:`mmengine.dataset.BaseDataset`',
     '`mmengine.dataset.BaseDataset`'),
    ('a :math:`x_*` and T*(1+h*w)', r'a $x_*$ and T\*(1+h\*w)'),
    ('So\n\n.. math:: a * b\n\nand *not*',
     'So\n\n```math\na * b\n```\n\nand *not*'),
])
def test_markdown(text, expected):
    assert markdown(text) == expected


def test_cell():
    assert cell("One of\n\n- ``'a'``: this |\n- ``'b'``") == (
        "One of<br>- `'a'`: this \\|<br>- `'b'`")


def documented(first, second=None, *rest, **kwargs):
    """Do it.

    Args:
        first (dict[str, int], optional): The first, (B, D). Two
            lines: long ones.
        second (int): The second.
        *rest, **kwargs: See elsewhere.

    Returns:
        int: It.
    """


def test_arguments():
    assert [(a.name, a.type, cell(a.text))
            for a in own_arguments(documented)] == [
        ('first', 'dict[str, int], optional',
         'The first, (B, D). Two lines: long ones.'),
        ('second', 'int', 'The second.'),
        ('rest', '', 'See elsewhere.'), ('kwargs', '', 'See elsewhere.')]
    assert sections(documented)[''] == 'Do it.'
    assert sections(documented)['Returns'] == 'int: It.'


def test_an_entry_without_a_colon_is_an_error():
    documented = type('Bad', (), {'__doc__': 'A.\n\nArgs:\n    first it.\n'})
    with pytest.raises(ValueError, match='Bad: an argument must'):
        own_arguments(documented)


def test_inherited_arguments_are_listed_once():
    names = [a.name for a in arguments(AmpAIDOptimWrapper)]
    assert {'dtype', 'interval', 'clip_grad'} <= set(names)
    assert len(names) == len(set(names)) and 'kwargs' not in names


def test_signature():
    assert signature('f', documented) == (
        'f(first, second=None, *rest, **kwargs)')
    long = signature('AIDOptimWrapper', AmpAIDOptimWrapper.__mro__[1])
    assert long.startswith('AIDOptimWrapper(\n    *,\n    meta_optimizer=None')
    assert max(map(len, long.splitlines())) < 79
