"""The house in order: imports along the arrows, short files, type hints.

Nothing is imported here: the files are parsed.
"""
import ast
import io
import re
import subprocess
import sys
import tokenize
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'meltr_mm'
# Which rooms of the package a room may import. None may import `apis`, which
# stands above all, but itself.
ARROWS = {
    'compat': {'color_jitter', 'atomic_checkpoints', 'safe_checkpoints'},
    'color_jitter': set(),
    'atomic_checkpoints': set(),
    'check_options': set(),
    'packaged': set(),
    'config': {'packaged'},
    'pickled_arrays': set(),
    'safe_checkpoints': {'pickled_arrays'},
    'version': set(),
    '_torch': set(),
    'autodiff': {'_torch', 'check_options'},
    'meltr': {'_torch', 'autodiff', 'check_options', 'compat',
              'wrapped_checkpoints'},
    'wrapped_checkpoints': set(),
    'combiners': {'check_options', 'meltr'},
    'inverse_hessian': {'autodiff', 'check_options'},
    'health': {'check_options', 'meltr'},
    'pictures': set(),
    'task_weight_plot_hook': {'meltr', 'pictures'},
    'run_log': {'meltr', 'pictures'},
    'resume': {'autodiff', 'meltr'},
    'optim': set(),
    'datasets': {'check_options', 'pickled_arrays'},
    'evaluation': set(),
    'models': {'datasets'},  # the tokenizer
    'toyworld': {'datasets'},  # the same
    'apis': {'check_options', 'datasets', 'models', 'pickled_arrays',
             'pictures', 'safe_checkpoints', 'toyworld'},
}
LONGEST = 500


def sources(*folders, suffixes=('.py', '.sh')):
    return sorted(file for folder in folders
                  for file in (ROOT / folder).rglob('*')
                  if file.suffix in suffixes and '.mim' not in file.parts)


@lru_cache(None)
def parsed(file):
    return ast.parse(file.read_text())


def imported(file):
    """Full names of what a file of the package imports, lazily or not."""
    folder = file.relative_to(ROOT).parent.parts
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = folder[:len(folder) - node.level + 1] if node.level else ()
            names = [*above, *(node.module.split('.') if node.module else ())]
            yield from ('.'.join([*names, alias.name])
                        for alias in node.names)


def room(name):
    return name.split('.')[1]


def test_imports_follow_the_arrows():
    unused = {own: set(rooms) for own, rooms in ARROWS.items()}
    for file in sources('meltr_mm', suffixes=('.py', )):
        own = file.relative_to(PACKAGE).with_suffix('').parts[0]
        if own == '__init__':
            continue
        assert own in ARROWS, f'say in ARROWS what {own!r} may import'
        for name in imported(file):
            if name.startswith('meltr_mm.'):
                unused[own].discard(room(name))
                assert room(name) in {own} | ARROWS[own], (
                    f'{file.relative_to(ROOT)} imports {name}, but {own!r} '
                    f'may import {sorted(ARROWS[own])} only')
            assert not name.startswith(('tools', 'tests')), name
    assert not any(unused.values()), f'arrows that nothing needs: {unused}'


def test_a_wrong_import_would_be_seen(tmp_path, monkeypatch):
    file = tmp_path / 'meltr_mm' / 'models' / 'layers' / 'new.py'
    file.parent.mkdir(parents=True)
    file.write_text('def late():\n    from ...meltr.wrapper import average\n'
                    'from .. import univl\nimport meltr_mm.apis\n')
    monkeypatch.setitem(globals(), 'ROOT', tmp_path)
    assert sorted(imported(file)) == [
        'meltr_mm.apis', 'meltr_mm.meltr.wrapper.average',
        'meltr_mm.models.univl']


def module_file(name):
    """The file of the package that has a name, or None."""
    path = ROOT.joinpath(*name.split('.'))
    for file in (path.with_suffix('.py'), path / '__init__.py'):
        if file.is_file():
            return file
    return module_file(name.rpartition('.')[0]) if '.' in name else None


def circles(files):
    """Names of files that import each other, lazily, for types, or not."""
    above = {}
    for file in files:
        found = {module_file(name) for name in imported(file)
                 if name.startswith('meltr_mm.')}
        above[file] = found - {None, file}
    while True:  # take away the lowest and the highest that are left
        done = [file for file, below in above.items()
                if not below & above.keys()
                or not any(file in others for others in above.values())]
        if not done:
            return sorted(str(f.relative_to(ROOT)) for f in above)
        for file in done:
            del above[file]


def test_no_circle_of_imports():
    files = sources('meltr_mm', suffixes=('.py', ))
    assert not circles(files), 'these import each other'


def test_a_circle_would_be_seen(tmp_path, monkeypatch):
    room = tmp_path / 'meltr_mm' / 'room'
    room.mkdir(parents=True)
    monkeypatch.setitem(globals(), 'ROOT', tmp_path)
    (room / '__init__.py').write_text('from .a import A\n')
    (room / 'a.py').write_text('from .b import B\nfrom . import c\n')
    (room / 'b.py').write_text('if TYPE_CHECKING:\n    from .a import A\n')
    (room / 'c.py').write_text('')
    files = sources('meltr_mm')
    assert circles(files) == ['meltr_mm/room/a.py', 'meltr_mm/room/b.py']
    assert not circles([file for file in files if file.stem != 'b'])


def test_all_of_it_runs_on_python_3_8():
    """Of the library: what ruff does not see (it sees the syntax)."""
    result = subprocess.run(
        [sys.executable, '-c', 'import vermin; vermin.main()', '-t=3.8-',
         '--violations', '--no-tips', 'setup.py', 'meltr_mm', 'tools',
         'tests', 'configs'],
        cwd=ROOT, capture_output=True, text=True)
    newer = re.findall(r'^.* requires .*3\.(?:9|1\d)$', result.stdout, re.M)
    # vermin knows only methods of what is plainly a text.
    newer += [f'{file}:{node.lineno} {node.attr}'
              for file in sources('meltr_mm', 'tools', 'tests')
              if file.suffix == '.py' for node in ast.walk(parsed(file))
              if isinstance(node, ast.Attribute)
              and node.attr in ('removeprefix', 'removesuffix', 'add_note')]
    assert 'Minimum required versions' in result.stdout, result.stderr
    assert not newer, newer


def test_no_file_is_long():
    files = [ROOT / 'setup.py', *sources('meltr_mm', 'tools', 'tests',
                                         'configs')]
    lengths = {str(f.relative_to(ROOT)): len(f.read_text().splitlines())
               for f in files}
    too_long = {f: n for f, n in lengths.items() if n > LONGEST}
    assert not too_long, f'no file may have over {LONGEST} lines: {too_long}'


def code_lines(text):
    """How many lines have code: not docstrings, comments, blank lines."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (
                tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE,
                tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER):
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(
                node.value, ast.Constant):
            lines.difference_update(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def test_the_core_is_read_in_one_sitting():
    """What is not about MELTR itself has a room of its own."""
    files = sources('meltr_mm/meltr', suffixes=('.py', ))
    lines = {file.name: code_lines(file.read_text()) for file in files}
    assert len(lines) <= 9 and sum(lines.values()) <= 1200, lines


def test_lines_of_code_are_counted():
    assert code_lines('"""A.\n\nB."""\n\nx = [1,  # one\n     2]\n'
                      '# no\ndef f():\n    """C."""\n') == 3


def public_functions(node, prefix=''):
    """Functions and methods that others call, by their full name."""
    for child in node.body:
        private = child.name.startswith('_') if hasattr(child, 'name') else 0
        if isinstance(child, ast.ClassDef) and not private:
            yield from public_functions(child, f'{prefix}{child.name}.')
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if not private or child.name in ('__init__', '__call__'):
                yield prefix + child.name, child


def unhinted(function):
    """Its parameters without a type hint, and 'return'."""
    args = function.args
    named = args.posonlyargs + args.args + args.kwonlyargs
    bare = [a.arg for a in named
            if a.annotation is None and a.arg not in ('self', 'cls')]
    return bare + ['return'] * (function.returns is None)


def test_public_functions_have_type_hints():
    missing = {
        f'{file.relative_to(ROOT)}:{function.lineno} {name}': bare
        for file in sources('meltr_mm', 'tools', suffixes=('.py', ))
        for name, function in public_functions(parsed(file))
        if (bare := unhinted(function))
    }
    assert not missing, f'type hints are missing: {missing}'


def test_a_missing_hint_would_be_seen():
    tree = ast.parse('class A:\n def f(self, x: int, *, y) -> int: ...\n'
                     ' def _g(self, z): ...\nclass _B:\n def h(self): ...\n'
                     'def k(): ...\n')
    assert {name: unhinted(f) for name, f in public_functions(tree)} == {
        'A.f': ['y'], 'k': ['return']}
