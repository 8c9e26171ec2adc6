"""The notebook runs from start to end, in this process."""
import ast
import importlib.util
import json
import subprocess
from importlib import metadata
from importlib.machinery import PathFinder

import numpy as np
from mmengine.logging import MMLogger
from pages import ROOT
from PIL.Image import Image

NOTEBOOK = json.loads((ROOT / 'docs' / 'tutorial.ipynb').read_text())
CELLS = [(''.join(cell['source']), cell['metadata'].get('tags', []))
         for cell in NOTEBOOK['cells'] if cell['cell_type'] == 'code']
SMALL = dict(STEPS=12, CLIPS=dict(train=180, val=4, test=4), EPOCHS=1)


def run(text, scope):
    """Run a cell; returns what a notebook would show of its last line."""
    tree = ast.parse(text)
    last = tree.body[-1]
    shown = isinstance(last, ast.Expr)
    if shown:
        tree.body.pop()
    exec(compile(tree, 'tutorial.ipynb', 'exec'), scope)
    return eval(compile(ast.Expression(last.value), 'tutorial.ipynb',
                        'eval'), scope) if shown else None


def test_it_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scope, shown = {'__name__': 'tutorial'}, []
    try:
        for text, tags in CELLS:
            shown.append(run(text, scope))
            if 'parameters' in tags:
                assert SMALL.keys() <= scope.keys()
                scope.update(SMALL)
    finally:
        MMLogger.get_current_instance().setLevel('INFO')
    pictures = [item for item in shown if isinstance(item, Image)]
    assert len(pictures) == 3
    assert all(np.asarray(picture).std() > 1 for picture in pictures)
    assert len(scope['weights']) == SMALL['STEPS']
    assert set(scope['errors']) == {'sum', 'MELTR'}
    said = capsys.readouterr().out
    assert said.count('in truth') == 3


def test_a_clone_beside_it_is_no_installed_package(tmp_path, monkeypatch):
    """It is installed, and by its path: a name would be looked up."""
    calls = []
    monkeypatch.setattr(subprocess, 'run', lambda command, check: calls.append(
        command[command.index('install') + 1:]))
    monkeypatch.setattr(metadata, 'version', lambda name: '4.11')
    installing, = (text for text, _ in CELLS if 'pip_install(SOURCE)' in text)
    clone, installed = tmp_path / 'meltr_mm', tmp_path / 'lib' / 'meltr_mm'
    for folder in (clone, installed):
        folder.mkdir(parents=True)
        monkeypatch.setattr(
            importlib.util, 'find_spec', lambda name, path=folder.parent:
            PathFinder.find_spec(name, [str(path)]))
        if folder is installed:
            (folder / '__init__.py').touch()
        run(installing, {})
        assert calls[-1] == ['-q', './meltr_mm'] and len(calls) == 4
        assert ['-q', 'opencv-contrib-python==4.11'] in calls


def test_it_is_kept_without_results():
    assert not any(cell.get('outputs') or cell.get('execution_count')
                   for cell in NOTEBOOK['cells'])
