"""The Python and the configs on the pages are run and loaded."""
import os

import pytest
from mmengine.config import Config
from pages import PAGES, ROOT, blocks
from test_docstrings import COMPONENTS, OF_THE_BUILDER, accepted

RUN = [page for page in PAGES if any(
    not block.is_config for block in blocks('python', [page]))]
CONFIGS = [block for block in blocks('python') if block.is_config]


@pytest.fixture
def workplace(tmp_path, toy_root, monkeypatch):
    """A folder with the toy data and the configs where pages expect them."""
    data = tmp_path / 'data' / 'toy'
    data.mkdir(parents=True)
    (data / 'msvd_qa').symlink_to(toy_root)
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize('page', RUN, ids=lambda p: p.stem)
def test_python_runs(page, workplace):
    scope = {'__name__': f'{page.stem}_page'}
    for block in blocks('python', [page]):
        if block.file:
            (workplace / block.file).write_text(block.text)
        if not block.is_config:
            code = compile('\n' * block.line + block.text, str(page), 'exec')
            exec(code, scope)


def components(value):
    """Every dict with a `type` in a config."""
    if isinstance(value, dict):
        if isinstance(value.get('type'), str):
            yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for child in value:
            yield from components(child)


@pytest.mark.parametrize('block', CONFIGS, ids=str)
def test_config_loads(block, workplace):
    file = workplace / f'{block.page.stem}_{os.getpid()}.py'
    file.write_text(block.text)
    cfg = Config.fromfile(str(file)).to_dict()
    for part in components(cfg):
        name = part['type'].split('.')[-1]
        if name in COMPONENTS:
            unknown = (set(part) - {'type', '_scope_'}
                       - set(accepted(COMPONENTS[name]))
                       - OF_THE_BUILDER.get(name, set()))
            assert not unknown, f'{block}: {name} does not take {unknown}'
