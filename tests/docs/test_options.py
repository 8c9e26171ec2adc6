"""The table of options names what AIDOptimWrapper takes, and all of it."""
import ast
import inspect
import re

from pages import PAGES
from test_docstrings import COMPONENTS, VARIABLE

# What MMEngine's wrappers take; the text before the table names them.
INHERITED = {'optimizer', 'accumulative_counts', 'clip_grad', 'constructor'}


def options():
    """Name and value of each option in a table of options."""
    for page in PAGES:
        for table in re.findall(r'^\| option \|.*?(?=\n\n)', page.read_text(),
                                re.S | re.M):
            if '`estimator' not in table:
                continue  # of a config
            for line in table.splitlines()[2:]:
                for code in re.findall('`(.*?)`', line.split('|')[1]):
                    name, _, value = code.partition('=')
                    yield name, value


def test_options_are_those_of_the_wrapper():
    parameters = inspect.signature(COMPONENTS['AIDOptimWrapper']).parameters
    own = {name for name, p in parameters.items() if p.kind not in VARIABLE}
    named = {name for name, _ in options()}
    assert named - INHERITED == own


def test_defaults_are_those_of_the_wrapper():
    parameters = inspect.signature(COMPONENTS['AIDOptimWrapper']).parameters
    first = {}
    for name, value in options():
        if value and not value.startswith('dict('):
            first.setdefault(name, ast.literal_eval(value))
    assert len(first) > 5
    for name, value in first.items():
        assert parameters[name].default == value, name
