"""The notebook runs from start to end, in this process."""
import ast
import json

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


def test_it_is_kept_without_results():
    assert not any(cell.get('outputs') or cell.get('execution_count')
                   for cell in NOTEBOOK['cells'])
