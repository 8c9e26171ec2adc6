"""What docstrings say of a registered class is what it takes."""
import ast
import inspect
import re

import pytest
from docstrings import arguments, own_arguments, sections
from registered import registered

from meltr_mm import meltr, models

COMPONENTS = {name: thing for things in registered().values()
              for name, thing in things.items()}
VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def accepted(thing):
    """Every keyword that a class accepts, also by passing it on."""
    found = {}
    for base in getattr(thing, '__mro__', (thing, )):
        function = vars(base).get('__init__') if inspect.isclass(
            base) else base
        if not inspect.isfunction(function):
            continue
        parameters = inspect.signature(function).parameters
        found = {**parameters, **found}
        if all(p.kind is not inspect.Parameter.VAR_KEYWORD
               for p in parameters.values()):
            break
    return {name: p for name, p in found.items()
            if p.kind not in VARIABLE and name != 'self'}


def test_documented_arguments_exist():
    for name, thing in COMPONENTS.items():
        signature = inspect.signature(thing).parameters.values()
        wrong = {argument.name for argument in arguments(thing)} - set(
            accepted(thing)) - {'args', 'kwargs'}
        # An optimiser wrapper of a function is filled in by the runner.
        if inspect.isfunction(thing) and any(
                p.kind is inspect.Parameter.VAR_KEYWORD for p in signature):
            wrong -= {a.name for a in own_arguments(thing)}
        assert not wrong, f'{name} documents {wrong}, which it does not take'


# What MMEngine takes out of a config before it reaches the class.
OF_THE_BUILDER = {
    'AIDOptimWrapper': {'constructor', 'paramwise_cfg', 'base_constructor'},
    'AmpAIDOptimWrapper': {'constructor', 'paramwise_cfg',
                           'base_constructor'},
    'PeriodicLR': {'convert_to_iter_based'},
}


def examples():
    for name in sorted(COMPONENTS):
        found = sections(COMPONENTS[name])
        for title in ('Example', 'Examples'):
            if title in found:
                yield '\n'.join(re.findall(
                    r'^(?:>>>|\.\.\.) ?(.*)$', found[title], re.M))


def test_examples_are_accepted():
    """Each config in an example names a component and arguments it takes."""
    found = list(examples())
    assert found
    for code in found:
        check_example(code)


def check_example(code):
    code = re.sub(r',\s*\.\.\.\)', ')', code)
    for call in ast.walk(ast.parse(code)):
        if not isinstance(call, ast.Call):
            continue
        given = {k.arg: k.value for k in call.keywords}
        name = getattr(given.pop('type', None), 'value',
                       getattr(call.func, 'id', None))
        if name in COMPONENTS:
            unknown = (set(given) - set(accepted(COMPONENTS[name]))
                       - OF_THE_BUILDER.get(name, set()))
            assert not unknown, f'{name} does not take {unknown}'


def test_mistakes_would_be_seen():
    with pytest.raises(AssertionError, match='estimater'):
        check_example("dict(type='AIDOptimWrapper', estimater='jvp', ...)")
    assert 'losses' in accepted(meltr.MELTRWrapper)
    assert 'loss_scale' in accepted(meltr.AmpAIDOptimWrapper)
    assert 'arch' in accepted(models.violet.FramewiseSwin3D)
