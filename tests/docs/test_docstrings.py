"""Every registered class says what it takes, with shapes for tensors."""
import ast
import inspect
import re

import pytest
from docstrings import arguments, own_arguments, sections
from registered import registered

from meltr_mm import meltr, models

COMPONENTS = {name: thing for things in registered().values()
              for name, thing in things.items()}
NAMES = sorted(COMPONENTS)
# (B, D), (T,), (), or in words.
SHAPE = re.compile(
    r'\((?:[^()\s][^()]*,[^()]*)?\)|\bshapes?\b|scalar|like ``|:(meth|func):',
    re.I)
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
        found = parameters | found
        if all(p.kind is not inspect.Parameter.VAR_KEYWORD
               for p in parameters.values()):
            break
    return {name: p for name, p in found.items()
            if p.kind not in VARIABLE and name != 'self'}


@pytest.mark.parametrize('name', NAMES)
def test_arguments(name):
    thing = COMPONENTS[name]
    summary = sections(thing)[''].split('\n\n')[0]
    assert summary.endswith('.'), f'{name} needs a summary, a sentence'
    documented = {argument.name for argument in arguments(thing)}
    missing = {parameter for parameter, value in inspect.signature(
        thing).parameters.items() if value.kind not in VARIABLE} - documented
    assert not missing, f'{name}: Args must document {missing}'
    # An optimiser wrapper of a function is filled in by the runner.
    wrong = documented - set(accepted(thing)) - {'args', 'kwargs'}
    if any(p.kind is inspect.Parameter.VAR_KEYWORD
           for p in inspect.signature(thing).parameters.values()):
        wrong -= {a.name for a in own_arguments(thing)
                  if inspect.isfunction(thing)}
    assert not wrong, f'{name} documents {wrong}, which it does not take'


def methods(thing):
    """Public methods of a class that this package defines."""
    for base in thing.__mro__ if inspect.isclass(thing) else ():
        if not base.__module__.startswith('meltr_mm.'):
            continue
        for name, method in vars(base).items():
            method = getattr(method, '__func__', method)
            if inspect.isfunction(method) and (
                    not name.startswith('_') or name == '__call__'):
                yield f'{base.__name__}.{name}', method


def takes_tensors(annotation):
    text = str(annotation)
    return 'Tensor' in text and 'Callable' not in text


def without_shape(name, method):
    """What of a method is a tensor whose shape its docstring omits."""
    documented = {a.name: f'{a.type} {a.text}'
                  for a in own_arguments(method)}
    text = inspect.getdoc(method) or ''
    signature = inspect.signature(method)
    for parameter in signature.parameters.values():
        if takes_tensors(parameter.annotation) and not SHAPE.search(
                documented.get(parameter.name, text)):
            yield parameter.name
    # What is called a loss is a scalar throughout.
    if not name.endswith('loss') and takes_tensors(
            signature.return_annotation):
        if not SHAPE.search(sections(method).get('Returns', text)):
            yield 'return'


@pytest.mark.parametrize('name', NAMES)
def test_tensors_have_shapes(name):
    missing = {full: bare for full, method in methods(COMPONENTS[name])
               if (bare := list(without_shape(full, method)))}
    assert not missing, f'shapes are missing in the docstrings of {missing}'


@pytest.mark.parametrize('name', [
    n for n in NAMES if n in registered()['transform']])
def test_transforms_say_which_keys_they_need(name):
    assert re.search(r'\b(Required|Added)( and \w+)* keys?:',
                     COMPONENTS[name].__doc__), name


# What MMEngine takes out of a config before it reaches the class.
OF_THE_BUILDER = {
    'AIDOptimWrapper': {'constructor', 'paramwise_cfg', 'base_constructor'},
    'AmpAIDOptimWrapper': {'constructor', 'paramwise_cfg',
                           'base_constructor'},
    'PeriodicLR': {'convert_to_iter_based'},
}


def examples():
    for name in NAMES:
        found = sections(COMPONENTS[name])
        for title in ('Example', 'Examples'):
            if title in found:
                yield pytest.param(
                    '\n'.join(re.findall(r'^(?:>>>|\.\.\.) ?(.*)$',
                                         found[title], re.M)), id=name)


@pytest.mark.parametrize('code', examples())
def test_examples_are_accepted(code):
    """Each config in an example names a component and arguments it takes."""
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


def test_omissions_would_be_seen():

    class Careless:
        """No sentence"""

        def forward(self, losses: meltr.wrapper.Tensor, more: int) -> None:
            """Combine.

            Args:
                losses (Tensor): The losses.
                more (int): Of them (T,).
            """

    assert list(without_shape('forward', Careless.forward)) == ['losses']
    assert list(without_shape('forward', meltr.MELTR.forward)) == []
    assert 'losses' in accepted(meltr.MELTRWrapper)
    assert 'loss_scale' in accepted(meltr.AmpAIDOptimWrapper)
    assert 'arch' in accepted(models.violet.FramewiseSwin3D)
