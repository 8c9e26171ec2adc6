"""A config out of a checkpoint, which is not to be trusted."""
import math
import sys
import time

import mmengine
import pytest
import yaml
from mmengine.config import Config

from meltr_mm.apis import parse_config, plain_files
from meltr_mm.pickled_arrays import RefusedFileError


def test_what_mmengine_writes_is_read():
    content = dict(
        model=dict(type='Violet', losses=['a', 'b'], ratio=-.5, none=None,
                   on=True, nested=[dict(type='mmaction.ActionDataPreprocesso'
                                         'r'), ('x', ), [1, -2]]),
        mapped={'key with spaces': dict(a=1), 'b.c': [dict(d={1: 2})]},
        far=math.inf, near=-math.inf, words='it\'s "quoted"\nin two lines',
        empty=dict(), none=[], chosen={1, 2}, nothing=set())
    made = parse_config(Config(content).pretty_text, 'F')
    assert made.to_dict() == Config(content).to_dict()


def test_references_name_nothing_else():
    """What `${name}` stands for is filled in when a config is made."""
    with pytest.raises(RefusedFileError, match=r'asks for'):
        parse_config("custom_imports = dict(imports=['meltr_mm'])\n"
                     "x = 'os.system'\nmodel = dict(type='${x}')", 'F')


def test_not_a_number():
    assert math.isnan(parse_config('a = nan', 'F').a)


@pytest.mark.parametrize('text, said', [
    ('import os', 'line 1 says `import os`'),
    ('a = 1\nb = open("marker", "w")', 'line 2 says `open("marker", "w")`'),
    ('a = __import__("os").system("touch marker")', 'line 1 says'),
    ('a = [c for c in (1, )]', 'line 1 says'),
    ('a = f"{1}"', 'line 1 says'),
    ('a = (lambda: 1)()', 'line 1 says'),
    ('a = dict(**dict(b=1))', 'line 1 says'),
    ('a = {**dict(b=1)}', 'line 1 says'),
    ('a = [*[1]]', 'line 1 says'),
    ('a = "x" * 10 ** 9', 'line 1 says'),
    ('a = -"x"', 'line 1 says'),
    ('a = b', 'line 1 says `b`'),
    ('a.b = 1', 'line 1 says'),
    ('a: int = 1', 'line 1 says'),
    ('a = ...', 'line 1 says'),
    ('a = {[]: 1}', 'unhashable'),
    ('a = ' + '(' * 150 + ')' * 150, None),
    ('a = ' + '-' * 100000 + '1', None),
    ('a = ', 'invalid syntax'),
    ('a = 1\0', None),
    ('filename = 1', 'reserved'),
    (b'a = 1', 'it is a bytes'),
])
def test_anything_but_values_is_refused(text, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    deep = text == 'a = ' + '(' * 150 + ')' * 150  # and harmless
    if deep and sys.version_info >= (3, 9):  # 3.8 does not parse it
        assert parse_config(text, 'F').a == ()
        return
    with pytest.raises(RefusedFileError, match='F: refused: its config must '
                       'be values only, but ') as error:
        parse_config(text, 'F')
    assert said is None or said in str(error.value)
    assert '\n' not in str(error.value)
    assert not (tmp_path / 'marker').exists()


@pytest.mark.parametrize('text, name', [
    ("a = [dict(type='os.system', command='touch marker')]", 'os.system'),
    ("a = dict(b=(dict(type='torch.optim.AdamW'), ))", 'torch.optim.AdamW'),
    ("a = dict(type='this_is_a_module.Class')", 'this_is_a_module.Class'),
    ("a = dict(type='this_is_a_module')", 'this_is_a_module'),
    ("a = dict(type='mmaction.os.system')", 'mmaction.os.system'),
    ("a = dict(type='mmaction.NoSuchModel')", 'mmaction.NoSuchModel'),
    ("a = dict(type=['Violet'])", "['Violet']"),
    ("a = {'type': b'os.system'}", "b'os.system'"),
    ("a = dict(constructor='os.system')", 'os.system'),
    ("runner_type = 'os.system'", 'os.system'),
    ("default_scope = 'this_is_a_module'", 'this_is_a_module'),
    ("a = dict(type='Violet', _scope_='this_is_a_module')",
     'this_is_a_module'),
    ("custom_imports = dict(imports=['meltr_mm', 'this_is_a_module'])",
     'this_is_a_module'),
    ("custom_imports = dict(imports='this_is_a_module')",
     'this_is_a_module'),
    ("custom_imports = ['this_is_a_module']", 'this_is_a_module'),
    ("custom_imports = dict(imports=[['os']])", "['os']"),
])
def test_only_what_is_registered_may_be_named(text, name, tmp_path,
                                              monkeypatch):
    (tmp_path / 'this_is_a_module.py').write_text(
        'open("marker", "w")\nclass Class:\n    pass\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RefusedFileError) as error:
        parse_config(text, 'F')
    assert f'F: refused: its config asks for {name}, ' in str(error.value)
    assert f'--allow-type {name}' in str(error.value)
    assert not (tmp_path / 'marker').exists()


def test_what_the_user_allows_is_imported(tmp_path, monkeypatch):
    (tmp_path / 'module_of_mine.py').write_text(
        'from mmaction.registry import MODELS\n'
        '@MODELS.register_module(force=True)\n'
        'class ModelOfMine:\n    pass\n')
    monkeypatch.syspath_prepend(tmp_path)
    text = ("custom_imports = dict(imports=['meltr_mm', 'module_of_mine'])\n"
            "model = dict(type='ModelOfMine', part=dict(type='a.B'))\n")
    with pytest.raises(RefusedFileError, match='asks for module_of_mine'):
        parse_config(text, 'F')
    assert 'module_of_mine' not in sys.modules
    with pytest.raises(RefusedFileError, match=r'asks for a\.B'):
        parse_config(text, 'F', 'module_of_mine')
    made = parse_config(text, 'F', ['module_of_mine', 'a.B'])
    assert made.model.type == 'ModelOfMine'


def test_a_part_is_checked_alone():
    text = ("custom_imports = dict(imports=['elsewhere'])\n"
            "hook = dict(type='os.system')\n"
            "model = dict(type='os.system', meltr=dict(type='MELTR'))\n")
    assert parse_config(text, 'F', part='model.meltr').model.meltr.type == \
        'MELTR'
    with pytest.raises(RefusedFileError, match=r'os\.system'):
        parse_config(text, 'F', part='model')
    with pytest.raises(ValueError, match=r'F: its config must have model\.x'):
        parse_config(text, 'F', part='model.x')


class Touch:

    def __reduce__(self):
        return open, ('marker', 'w')


@pytest.mark.parametrize('ending', ['pkl', 'pickle', 'yaml', 'yml'])
def test_files_that_a_config_names_are_read_as_data(ending, tmp_path,
                                                    monkeypatch):
    monkeypatch.chdir(tmp_path)
    good, bad = f'good.{ending}', f'bad.{ending}'
    mmengine.dump(dict(a=[1, 'b']), good)
    if ending in ('pkl', 'pickle'):
        mmengine.dump(Touch(), bad)
    else:
        (tmp_path / bad).write_text(
            '!!python/object/apply:builtins.open [marker, w]')
    with plain_files():
        assert mmengine.load(good) == dict(a=[1, 'b'])
        with pytest.raises((RefusedFileError, yaml.YAMLError),
                           match='refused: asks for|constructor'):
            mmengine.load(bad)
        assert not (tmp_path / 'marker').exists()
    # Elsewhere MMEngine reads what it always did.
    mmengine.load(bad)
    assert (tmp_path / 'marker').exists()


def test_it_takes_no_time():
    text = '\n'.join(f"a{i} = dict(type='Violet')" for i in range(300))
    start = time.perf_counter()
    parse_config(text, 'F')
    assert time.perf_counter() - start < 5
