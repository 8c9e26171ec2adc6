"""References, options and keys of configs that import the package."""
import copy
import pickle
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from warm_process import STOCK_ONLY, run_script

from meltr_mm.config import ConfigKeyError, completed

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = "custom_imports = dict(imports=['meltr_mm'])\n"
BASE = IMPORTS + """
root = 'data'
size = 4
table = '${root}/t_${size}.pkl'
inputs = dict(kind='${kind}', size='${size}', table='${table}')
kind = ('a', 'b')
data = dict(part='train', pipeline=['${inputs}'])
train_dataloader = dict(dataset='${data}')
optim_wrapper = dict(meta=dict(part='meta', dataset='${data}'))
train_cfg = dict(max_epochs=5)
param_scheduler = [dict(end='${train_cfg.max_epochs}')]
"""


@pytest.fixture
def load(tmp_path):
    """Write config files, the last on top of those before; load the last."""

    def write(*texts):
        for number, text in enumerate(texts):
            base = f"_base_ = 'c{number - 1}.py'\n" if number else ''
            (tmp_path / f'c{number}.py').write_text(base + text)
        return Config.fromfile(str(tmp_path / f'c{len(texts) - 1}.py'))

    return write


def inputs(size=4, root='data', kind=('a', 'b')):
    return dict(kind=kind, size=size, table=f'{root}/t_{size}.pkl')


def test_references_have_the_value_and_its_type(load):
    cfg = load(BASE)
    assert cfg.table == 'data/t_4.pkl'
    assert cfg.train_dataloader.dataset.pipeline == [inputs()]
    assert cfg.optim_wrapper.meta.dataset == cfg.data
    assert cfg.param_scheduler[0].end == 5
    assert cfg.train_dataloader.dataset is not cfg.data


def test_a_file_on_top_reaches_what_is_below(load):
    cfg = load(BASE, 'size = 8\ntrain_cfg = dict(max_epochs=2)\n',
               "root = '/x'\ninputs = dict(kind='c')\n")
    assert cfg.train_dataloader.dataset.pipeline == [
        inputs(8, '/x', 'c')]
    assert cfg.param_scheduler[0].end == 2


def test_options_reach_every_place(load):
    cfg = load(BASE)
    cfg.merge_from_dict({'size': 9, 'train_cfg.max_epochs': 7})
    cfg.merge_from_dict(dict(root='/y'))
    want = dict(part='train', pipeline=[inputs(9, '/y')])
    assert cfg.train_dataloader.dataset == want
    assert cfg.optim_wrapper.meta.dataset == want
    assert cfg.param_scheduler[0].end == 7


def test_the_place_itself_wins(load):
    cfg = load(BASE)
    cfg.merge_from_dict({
        'train_dataloader.dataset.pipeline.0.size': 1,
        'param_scheduler.0.end': 3})
    cfg.merge_from_dict({'root': '/y', 'train_cfg.max_epochs': 9})
    mixed = dict(inputs(4, '/y'), size=1)
    assert cfg.train_dataloader.dataset.pipeline == [mixed]
    assert cfg.optim_wrapper.meta.dataset.pipeline == [inputs(4, '/y')]
    assert cfg.param_scheduler[0].end == 3


def test_changes_in_python_stay_and_count(load):
    cfg = load(BASE)
    cfg.optim_wrapper.meta.dataset.part = 'mine'
    cfg.root = '/z'
    cfg.merge_from_dict(dict(size=2))
    assert cfg.optim_wrapper.meta.dataset == dict(
        part='mine', pipeline=[inputs(2, '/z')])
    cfg.size = 3
    assert completed(cfg).train_dataloader.dataset.pipeline == [
        inputs(3, '/z')]


def test_copies_are_independent(load):
    cfg = load(BASE)
    others = [cfg.copy(), copy.deepcopy(cfg)]
    for number, other in enumerate(others):
        other.merge_from_dict(dict(size=10 + number))
    assert cfg.train_dataloader.dataset.pipeline == [inputs()]
    assert [other.table for other in others] == [
        'data/t_10.pkl', 'data/t_11.pkl']
    # A pickled config has values only, as MMEngine writes them.
    assert pickle.loads(pickle.dumps(cfg)).table == cfg.table


def test_what_a_runner_keeps(load):
    cfg = load(BASE, 'val_cfg = None\n_half = 2\nlog_level = str(_half)\n')
    kept = completed(cfg)
    assert set(kept) == {
        'custom_imports', 'train_dataloader', 'optim_wrapper', 'train_cfg',
        'param_scheduler', 'val_cfg', 'log_level'}
    assert '${' not in kept.pretty_text
    with pytest.raises(ConfigKeyError, match=r"reads the option 'size'; did "
                       r"you mean 'train_dataloader\.dataset\.pipeline"):
        kept.merge_from_dict(dict(size=2))
    again = Config.fromstring(kept.pretty_text, '.py')
    assert completed(again).to_dict() == kept.to_dict()


@pytest.mark.parametrize('key, meant', [
    ('optim_wraper.interval', 'optim_wrapper.interval'),
    ('sise', 'size'),
    ('train_dataloder.batch_size', 'train_dataloader.batch_size'),
    ('env_cfg.cudnn_benchmrk', 'env_cfg.cudnn_benchmark'),
])
def test_option_that_nothing_reads(load, key, meant):
    cfg = load(BASE)
    with pytest.raises(ConfigKeyError, match=f'{key}.*did you mean .{meant}'):
        cfg.merge_from_dict({key: 1})


@pytest.mark.parametrize('text, message', [
    ('optim_wraper = dict(interval=1)\n', "'optim_wraper'.*'optim_wrapper'"),
    ('sise = 1\n', "'sise'; did you mean 'size'"),
    ('something = 1\n', "nothing reads the key 'something'$"),
    ("size = '${sze}'\n", r"size = '\$\{sze\}' asks for 'sze'.*mean 'size'"),
    ("size = '${kind}'\nkind = '${size}'\n", 'back to itself|does not have'),
])
def test_key_that_nothing_reads(load, text, message):
    cfg = load(BASE, text)
    with pytest.raises(ConfigKeyError, match=message):
        completed(cfg)


def test_helpers_of_a_file_and_of_other_libraries(load):
    """MMAction2's configs set names that only the file itself uses."""
    completed(load(BASE, 'rate = 1\noptim_wrapper = dict(lr=2 * rate)\n'))
    stock = load(IMPORTS + "dataset_type = 'X'\ntest_pipeline = []\n"
                 "model = dict()\n")
    assert completed(stock).dataset_type == 'X'
    with pytest.raises(ConfigKeyError, match="mean 'optim_wrapper'"):
        completed(load(IMPORTS + 'optim_wraper = dict()\n'))


def test_other_configs_are_left_alone():
    cfg = Config(dict(a='${b}', b=1))
    cfg.merge_from_dict(dict(c=2))
    assert cfg.to_dict() == dict(a='${b}', b=1, c=2)


def test_base_of_the_package(tmp_path):
    file = tmp_path / 'mine.py'
    file.write_text("_base_ = 'meltr_mm::toy/meltr_univl_mosi.py'\n"
                    'train_cfg = dict(max_epochs=1)\n')
    cfg = Config.fromfile(str(file))
    assert cfg.model.primary == 'loss_sentiment'
    assert cfg.param_scheduler.period == 1
    file.write_text("_base_ = 'meltr_mm::toy/meltr_univl_mossi.py'\n")
    with pytest.raises(FileNotFoundError, match=r'toy/meltr_univl_mosi\.py'):
        Config.fromfile(str(file))


@pytest.mark.parametrize('script', ['train', 'test'])
def test_scripts_end_with_one_line(script, tmp_path):
    run = run_script(
        ROOT / 'tools' / f'{script}.py',
        ROOT / 'configs' / 'toy' / 'meltr_univl_mosi.py',
        *['none.pth'] * (script == 'test'), '--cfg-options',
        'optim_wraper.interval=2', cwd=tmp_path)
    assert run.returncode == 1 and 'Traceback' not in run.stderr
    assert run.stderr.strip().splitlines()[-1] == (
        "nothing reads the option 'optim_wraper.interval'; did you mean "
        "'optim_wrapper.interval'?")


def test_the_stock_script_refuses_it_too(tmp_path, monkeypatch):
    """`custom_imports` is enough."""
    import mmaction
    script = Path(mmaction.__file__).parent / '.mim' / 'tools' / 'train.py'
    run = run_script(
        script, ROOT / 'configs' / 'toy' / 'meltr_univl_mosi.py',
        '--cfg-options', 'optim_wraper.interval=2', cwd=tmp_path,
        imported=STOCK_ONLY)
    assert run.returncode == 1
    assert "did you mean 'optim_wrapper.interval'?" in run.stderr


def test_installing_twice_changes_nothing():
    from meltr_mm import config
    before = Config.__init__, Config.merge_from_dict, Runner.from_cfg.__func__
    config.install()
    assert before == (
        Config.__init__, Config.merge_from_dict, Runner.from_cfg.__func__)
