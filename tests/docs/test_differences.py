"""Each switch in the tables of differences exists."""
import ast
import re

import pytest
from docstrings import arguments
from make_reference import OTHERS
from pages import ROOT
from test_docstrings import COMPONENTS, accepted

from meltr_mm.models.univl import LossRules

PAGE = ROOT / 'docs' / 'differences.md'
CLASSES = dict(COMPONENTS, **OTHERS, LossRules=LossRules)


def rows():
    """Cells of each row of the tables, without heads."""
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if line.startswith('|') and set(line) > set('|-'):
            if cells[-1] != 'switch':
                yield cells


def test_switches_exist():
    found = list(rows())
    assert len(found) > 10
    for cells in found:
        check_switch(cells)


def check_switch(cells):
    assert len(cells) == 5 and all(cells), cells
    codes = re.findall('`(.*?)`', cells[-1])
    if cells[-1].startswith('none'):
        return
    assert codes, 'name the switch, or say "none" and why'
    for code in codes:
        if ' --' in code:
            script, option = code.split()
            assert f"'{option}'" in (ROOT / script).read_text(), code
            continue
        call = ast.parse(code, mode='eval').body
        assert isinstance(call, ast.Call) and call.keywords, code
        thing = CLASSES[call.func.id]
        for keyword in call.keywords:
            assert keyword.arg in accepted(thing), code
            assert keyword.arg in {a.name for a in arguments(thing)}, code


def test_a_wrong_switch_would_be_seen():
    for switch in ('`AIDOptimWrapper(estimater=1)`', '`Nobody(a=1)`', 'soon',
                   '`tools/convert/violet.py --nothing`'):
        with pytest.raises((AssertionError, KeyError)):
            check_switch(['all', 'what', 'official', 'here', switch])


def test_every_official_switch_is_in_the_table():
    """An argument that is named official, or has such a value."""
    text = PAGE.read_text()
    missing = []
    for name, thing in COMPONENTS.items():
        for argument in arguments(thing):
            named = re.search(r"official_|``?'official'``?",
                              f'{argument.name} {argument.text}')
            if named and f'{name}({argument.name}=' not in text:
                missing.append(f'{name}({argument.name}=)')
    assert not missing
