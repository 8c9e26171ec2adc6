"""The study in small: two tasks, three methods, two seeds."""
import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATASETS, HOOKS, MODELS
from mmengine.structures import InstanceData

sys.path.insert(
    0, str(Path(__file__).resolve().parents[2] / 'tools' / 'benchmark'))
import study  # noqa: E402
from combining import (  # noqa: E402
    methods,
    results,
    running,
    stress,
    stress_many,
    tasks,
)

METHODS = ['primary', 'sum', 'meltr:start=sum,interval=2']


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp('study')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stress, 'UPDATES', 8)
        study.main(['run', '--out', str(out), '--tasks', 'stress_harmful',
                    'stress_scales', '--methods', *METHODS, '--seeds', '0',
                    '1', '--world-seed', '3'])
    return out


def test_one_file_per_run(folder):
    files = list(folder.glob('*.json'))
    assert len(files) == 12
    for file in files:
        result = json.loads(file.read_text())
        assert result['updates'] == 8 and result['world_seed'] == 3
        assert 0 <= result['value'] <= 100 and result['seconds'] > 0
        weights = result['weights']
        assert len(weights['loss_class']) == 8
        if result['method'] == 'primary':
            assert weights == {'loss_class': [1.] * 8}
        elif result['method'] == 'sum':
            assert weights['loss_class'] == [1.] * 8 and len(weights) > 2
        else:  # the start is exact, and left after the second update
            assert weights['loss_class'][0] == 1. != weights['loss_class'][4]


def test_finished_runs_are_skipped(folder, capsys, monkeypatch):
    (folder / results.file_name('stress_harmful', 'sum', 3, 1)).unlink()
    monkeypatch.setattr(stress, 'UPDATES', 2)
    study.main(['run', '--out', str(folder), '--tasks', 'stress_harmful',
                '--methods', *METHODS, '--seeds', '0', '1',
                '--world-seed', '3'])
    assert '6 runs, 5 of them done before' in capsys.readouterr().out
    counts = [row['updates'] for row in results.read(
        str(folder), tasks=['stress_harmful'])]
    assert sorted(counts) == [2, 8, 8, 8, 8, 8]


def test_table_and_plot(folder, capsys):
    study.main(['table', str(folder), '--json'])
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 6 and all(row['runs'] == 2 for row in rows)
    study.main(['table', str(folder), '--tasks', 'stress_scales'])
    assert '| stress_scales, accuracy (higher is better) | primary | 2 |' in \
        capsys.readouterr().out
    study.main(['table', str(folder), '--brief'])
    by_method = capsys.readouterr().out.splitlines()
    assert len(by_method) == 5 and by_method[0] == (
        '| method | runs | stress_harmful, accuracy | stress_scales, '
        'accuracy |')
    study.main(['table', str(folder), '--brief', '--methods', 'primary',
                'sum'])
    brief = capsys.readouterr().out.splitlines()
    assert len(brief) == 4 and brief[0] == (
        '| task | metric | runs | primary | sum |')
    primary = next(row for row in rows if row['task'] == 'stress_scales' and
                   row['method'] == 'primary')
    assert f"| stress_scales | accuracy | 2 | {primary['mean']:.2f} ± " in \
        brief[-1]
    assert f"| {primary['mean']:.2f} ± " in by_method[2]
    lines = ''.join(
        sorted(file.read_text() for file in folder.glob('*.json')))
    (folder / 'all.jsonl').write_text(lines)
    study.main(['table', str(folder / 'all.jsonl'), '--json'])
    assert sorted(json.loads(capsys.readouterr().out), key=str) == sorted(
        rows, key=str)
    study.main(['plot', str(folder)])
    assert (folder / 'study.png').stat().st_size > 1000


def result(method, seed, value):
    return dict(task='t', method=method, seed=seed, world_seed=0, metric='m',
                value=value, higher_is_better=False, seconds=1.)


def test_rows_by_hand():
    found = [result('primary', seed, 1. + seed) for seed in range(8)]
    found += [result('meltr', seed, .5 + seed) for seed in range(8)]
    found += [result('sum', seed, 3.) for seed in range(6)]
    rows = {row['method']: row for row in results.compare(found)}
    assert rows['primary']['mean'] == 4.5 and rows['primary']['worst'] == 8
    assert rows['primary']['error'] == pytest.approx(6**.5 / 8**.5)
    assert rows['meltr']['gain_over_primary'] == 0.5  # lower is better
    # All eight of one sign: 2 / 2^8, times the two comparisons of MELTR.
    assert rows['meltr']['p_primary'] == pytest.approx(2 * 2 / 256)
    assert rows['meltr']['p_sum'] > rows['meltr']['p_primary']
    alone = results.compare([r for r in found if r['method'] != 'sum'])
    assert alone[-1]['p_primary'] == pytest.approx(2 / 256)
    other = [dict(r, method='other', value=0.) for r in found[:8]]
    beside = {row['method']: row for row in results.compare(found + other)}
    assert beside['meltr'] == rows['meltr']
    assert rows['sum']['gain_over_primary'] == pytest.approx(.5)


def test_methods_change_what_they_say():
    def changed(method):
        cfg = stress.config('stress_noise', 0)
        methods.apply(cfg, method)
        return cfg

    cfg = changed('primary')
    assert cfg.model.losses == ['loss_class']
    assert cfg.train_dataloader.dataset.type == 'StressSamples'
    assert cfg.optim_wrapper.type == 'OptimWrapper'
    assert cfg.optim_wrapper.optimizer.type == 'AdamW'
    cfg = changed('meltr:fraction=0.3,meta=held_out')
    assert cfg.train_dataloader.dataset.type == 'SeededSplit'
    assert cfg.optim_wrapper.meta_dataloader.dataset.part == 'meta'
    assert cfg.optim_wrapper.meta_dataloader.dataset.fraction == 0.3
    methods.apply(cfg, 'meltr:meta=training')
    assert cfg.train_dataloader.dataset.type == 'StressSamples'
    assert 'meta_dataloader' not in cfg.optim_wrapper
    cfg = changed('meltr:meta_batch=7,meta=held_out')
    assert cfg.optim_wrapper.meta_dataloader.batch_size == 7
    cfg = changed('meltr_official:interval=5')
    assert cfg.model.meltr.start == 'random'
    assert cfg.optim_wrapper.interval == 5
    assert 'meta_dataloader' not in cfg.optim_wrapper
    assert cfg.train_dataloader.dataset.type == 'StressSamples'
    cfg = changed('oracle_3')
    assert cfg.model.meltr.weights[0] == 1
    assert len(set(cfg.model.meltr.weights)) == 4
    with pytest.raises(ValueError):
        methods.parse('meltr:strat=sum')
    for needs in ('meltr:fraction=0.3', 'meltr:meta_batch=7,meta=training'):
        with pytest.raises(ValueError, match='give meta=held_out'):
            changed(needs)


def test_a_config_of_ones_own(tmp_path, capsys):
    cfg = stress.config('stress_scales', 1)
    cfg.train_cfg.max_iters = 3
    cfg.custom_imports = dict(imports=['combining.stress'])
    cfg.dump(str(tmp_path / 'own.py'))
    args = ['run', '--out', str(tmp_path), '--config',
            str(tmp_path / 'own.py'), '--methods', 'sum']
    with pytest.raises(SystemExit):
        study.main(args)
    assert 'give --metric' in capsys.readouterr().err
    # The metric is only known to be wrong after a run, which is kept.
    with pytest.raises(SystemExit, match="'acc' is none of the metrics of "
                       r"the test, \['accuracy'\]"):
        study.main([*args, '--metric', 'acc'])
    with pytest.raises(SystemExit):
        study.main(['table', str(tmp_path)])
    assert 'has no acc, but' in capsys.readouterr().err
    for metric, higher in (('-accuracy', False), ('accuracy', True)):
        study.main([*args, '--metric', metric])
        assert '1 runs, 1 of them done before' in capsys.readouterr().out
        again, = results.read(str(tmp_path))
        assert again['value'] == again['metrics']['accuracy']
        assert again['higher_is_better'] is higher
    study.main([*args, 'meltr:start=primary,interval=1,hessian=project',
                'uncertainty', '--metric', 'accuracy'])
    assert 'own uncertainty world 0 seed 0: accuracy' in \
        capsys.readouterr().out
    learnt, = results.read(str(tmp_path), methods=[
        'meltr:start=primary,interval=1,hessian=project'])
    assert learnt['weights']['loss_class'][0] == 1
    assert learnt['weights']['loss_noise_1'][0] == 0
    assert learnt['weights']['loss_noise_1'][2] != 0
    assert tasks.metric_of(Config(), '-loss') == ('loss', False)
    (tmp_path / 'other').mkdir()
    cfg.dump(str(tmp_path / 'other' / 'own.py'))
    with pytest.raises(SystemExit):
        study.main(['run', '--out', str(tmp_path), '--config',
                    str(tmp_path / 'other' / 'own.py'), '--methods', 'sum',
                    '--metric', 'accuracy'])
    assert 'give another --out' in capsys.readouterr().err


@HOOKS.register_module()
class ToZero(Hook):
    """A hook of a user's that changes what is tested."""

    def after_train(self, runner):
        for parameter in runner.model.parameters():
            parameter.data.zero_()


def test_hooks_of_ones_own_are_kept(tmp_path):
    cfg = stress.config('stress_noise', 0)
    cfg.train_cfg.max_iters = 3
    cfg.custom_hooks = [dict(type='ToZero'), dict(type='TaskWeightPlotHook')]
    methods.apply(cfg, 'sum')
    done = running.run(cfg, 0)
    # With all weights 0 the first class is the answer.
    first = stress.StressSamples('stress_noise', 0, test=True).targets[
        'loss_class'][stress.TRAIN:] == 0
    assert done['metrics']['accuracy'] == pytest.approx(
        100 * first.float().mean().item())


@pytest.mark.parametrize('options, said', [
    ('--tasks stress_nois', 'a task must be one of'),
    ('--tasks stress_noise --methods meltrr', 'a method must be one of'),
    ('--tasks stress_noise --methods sum:gamma=0', 'sum has no options'),
    ('--tasks stress_noise --methods learnt_weights:scale=1',
     'the options of learnt_weights are'),
    ('--tasks stress_noise --methods meltr:hessian=foo',
     'hessian of meltr must be one of identity, adam, project, but got '
     "'meltr:hessian=foo'"),
    ('--tasks stress_noise --methods meltr:gamma=abc',
     'gamma of meltr must be a number, 0 or more'),
    ('--tasks stress_noise --methods meltr:interval=0',
     'interval of meltr must be a whole number, 1 or more'),
    ('--tasks stress_noise --methods meltr:interval', 'a whole number'),
    ('--tasks stress_noise --methods meltr:normalise=true', '0 or 1'),
    ('--tasks stress_noise --methods meltr:fraction=1',
     'a number above 0 and below 1'),
    ('--tasks stress_noise --methods meltr:fraction=0.1',
     'give meta=held_out, too'),
    ('--tasks stress_noise --metric accuracy', '--metric is of --config'),
    ('--tasks stress_noise --jobs 0', 'a whole number, 1 or more'),
    ('--tasks stress_noise --seeds -1', 'a whole number, 0 or more'),
    ('--config {dir}/plain.py --metric accuracy', 'config with MELTRWrapper'),
    ('--config {dir}/none.py --metric accuracy', 'none.py'),
    ('--config {dir}/plain.py --world-seed 1', '--world-seed is of the tasks'),
])
def test_bad_commands_are_named_before_any_run(options, said, tmp_path,
                                               capsys):
    (tmp_path / 'plain.py').write_text(
        "model = dict(type='Plain')\noptim_wrapper = dict()\n")
    with pytest.raises(SystemExit) as error:
        study.main(['run', '--out', str(tmp_path / 'out'),
                    *options.format(dir=tmp_path).split()])
    assert error.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('text, said', [
    (None, 'there are no results in'),
    ('', 'is empty; delete it'),
    ('{"task": "t"', 'line 1: this is no result of a run'),
    ('{"task": "t"}', 'without method, seed'),
    ('[1]', 'this is no result of a run'),
])
def test_bad_results_are_named(text, said, tmp_path, capsys):
    name = results.file_name('stress_noise', 'sum', 0, 0)
    if text is not None:
        (tmp_path / name).write_text(text)
        with pytest.raises(SystemExit):  # nor do they count as done
            study.main(['run', '--out', str(tmp_path), '--tasks',
                        'stress_noise', '--methods', 'sum'])
        assert name in capsys.readouterr().err
    for command in ('table', 'plot'):
        with pytest.raises(SystemExit):
            study.main([command, str(tmp_path)])
        assert said in capsys.readouterr().err


def test_results_that_are_not_there(folder, capsys):
    with pytest.raises(SystemExit):
        study.main(['table', str(folder), '--methods', 'oracle_1'])
    said = capsys.readouterr().err
    assert 'there are task stress_harmful, stress_scales; method ' in said
    with pytest.raises(SystemExit):
        study.main(['plot', str(folder), '--out', str(folder / 'a.doc')])
    assert 'doc' in capsys.readouterr().err


def test_toy_tasks_are_those_of_the_configs():
    for name in tasks.NAMES:
        task = tasks.find(name)
        assert task.metric and callable(task.config)
    with pytest.raises(ValueError, match='a task must be one of'):
        tasks.find('meltr_univl_nothing')


@pytest.mark.parametrize('name', ['meltr_all_in_one_msrvtt_mc',
                                  'meltr_univl_mosi_pretrained'])
def test_toy_tasks_keep_nothing_out(name, tmp_path, monkeypatch):
    """Neither for validation, nor for MELTR but where a method says so."""
    monkeypatch.setattr(tasks, '_write', lambda *args: None)
    monkeypatch.setattr(tasks, '_checkpoint', lambda *args: 'trained.pth')
    cfg = tasks.find(name).config(0, tmp_path)
    everything = cfg.train_dataloader.dataset
    assert everything.type != 'SeededSplit'
    assert 'meta_dataloader' not in cfg.optim_wrapper
    methods.apply(cfg, 'meltr:meta=held_out')
    assert cfg.train_dataloader.dataset.dataset == everything
    assert cfg.optim_wrapper.meta_dataloader.dataset.dataset == everything
    methods.apply(cfg, 'primary')
    assert cfg.train_dataloader.dataset == everything


@DATASETS.register_module()
class Dice(torch.utils.data.Dataset):
    """Samples of three random numbers."""

    def __len__(self):
        return 3

    def __getitem__(self, idx):
        return dict(inputs=(random.random(), np.random.rand(),
                            float(torch.rand(()))),
                    data_samples=InstanceData())


def test_a_sample_does_not_depend_on_what_was_drawn_before(monkeypatch):
    def drawn(seed):
        monkeypatch.setattr(tasks, '_MEMORY', {})
        for seeded in (random.seed, np.random.seed, torch.manual_seed):
            seeded(seed)
        dataset = tasks.RememberedSamples(dict(type='Dice'), 2)
        samples = [dataset[idx]['inputs'] for idx in (0, 1, 0, 0)]
        return samples, (random.random(), np.random.rand(),
                         float(torch.rand(())))

    one, after = drawn(0)
    two, _ = drawn(1)
    assert one == two and one[0] == one[3]
    assert len(set(one)) == 3
    for seeded in (random.seed, np.random.seed, torch.manual_seed):
        seeded(0)
    assert after == (random.random(), np.random.rand(),
                     float(torch.rand(())))


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize('method', [
    'sum', 'scaled_sum', 'fading_sum', 'oracle_0', 'uncertainty',
    'learnt_weights', 'meltr_official', 'meltr', 'meltr:start=primary',
    'meltr:scale=0,hessian=adam,interval=1',
    'meltr:start=random,hessian=identity,interval=1,normalise=0,gamma=0.1'])
def test_many_runs_are_runs_of_the_product(method, double):
    cell, updates = 'stress_scales', 6
    runs = stress_many.Runs(cell, method, [(1, 0), (0, 5)], capacity=1)
    rows = [runs.draw(False) for _ in range(updates)]
    products = []
    for i in range(2):
        cfg = stress.config(cell, 0)
        methods.apply(cfg, method)
        if method == 'fading_sum':  # which a Runner would say
            cfg.model.meltr.iterations = stress.UPDATES // 2
        wrapper = MODELS.build(cfg.model)
        wrapper.model.load_state_dict({k: v[i] for k, v in runs.w.items()})
        wrapper.meltr.load_state_dict(
            {k: v[i] for k, v in runs.phi.items()}, strict=False)
        if runs.learns:
            cfg.optim_wrapper.history = dict(capacity=1)
        optim_wrapper = build_optim_wrapper(wrapper, cfg.optim_wrapper)
        for update in range(updates):
            batch = dict(inputs=runs.inputs[i, rows[update][i]], targets={
                k: v[i, rows[update][i]] for k, v in runs.targets.items()})
            wrapper.train_step(batch, optim_wrapper)
        products.append(wrapper)
    for update in range(updates):
        runs.step(rows[update], update + 1)
    for i, wrapper in enumerate(products):
        for name, value in wrapper.model.named_parameters():
            torch.testing.assert_close(
                runs.w[name][i], value, rtol=1e-6, atol=1e-6)
        for name, value in wrapper.meltr.named_parameters():
            torch.testing.assert_close(
                runs.phi[name][i], value, rtol=1e-6, atol=1e-6)
