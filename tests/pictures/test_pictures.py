import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, METRICS, MODELS
from mmengine.config import Config, ConfigDict
from mmengine.evaluator import BaseMetric
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from PIL import Image
from shared_trunk import SharedTrunk
from torch.utils.data import Dataset

from meltr_mm.meltr import MELTR
from meltr_mm.pictures import (
    Curve,
    RunHistory,
    Transformation,
    best_metric,
    draw_history,
    draw_transformation,
    history_of_checkpoint,
    history_of_hub,
    history_of_logs,
    learnt_transformation,
    save_figure,
    to_image,
)
from meltr_mm.pictures.run_history import baselines_of
from meltr_mm.pictures.transformation import strongest_pairs

ROOT = Path(__file__).resolve().parents[2]


def curve(*values, start=1):
    return Curve(np.arange(start, start + len(values)),
                 np.array(values, dtype=float))


def log(path, *rows):
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(
        row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def train_row(step, a, weight=1.):
    return {'loss': 2 * a, 'loss_a': a, 'weight/loss_a': weight,
            'iter': step, 'step': step}


def test_logs_of_a_resumed_run(tmp_path):
    """The later start counts, an evaluation stands where training was, and a
    line that was being written when the run was killed is no error."""
    first = log(
        tmp_path / '1' / 'scalars.json', train_row(20, 5.), train_row(40, 4.),
        {'qa/accuracy': 10., 'qa/kinds': [1], 'time': 1., 'step': 1},
        train_row(60, 3.), train_row(80, 9.),
        {'qa/accuracy': 99., 'step': 2}, '{"loss": 1.2, "lo')
    second = log(
        tmp_path / '2' / 'scalars.json',
        {'qa/accuracy': 15., 'step': 1},  # made up for on resuming
        train_row(80, 2., weight=.5),
        {'qa/accuracy': 20., 'time': 1., 'step': 2})
    history = history_of_logs([first, second])
    assert history.losses['loss_a'].steps.tolist() == [20, 40, 60, 80]
    assert history.losses['loss_a'].values.tolist() == [5, 4, 3, 2]
    assert history.weights['loss_a'].values.tolist() == [1, 1, 1, .5]
    assert history.total.values.tolist() == [10, 8, 6, 4]
    assert list(history.metrics) == ['qa/accuracy']
    assert history.metrics['qa/accuracy'].steps.tolist() == [40, 60, 80]
    assert history.metrics['qa/accuracy'].values.tolist() == [10, 15, 20]
    assert history.averaged == 20


def test_broken_line_and_foreign_log_are_named(tmp_path):
    broken = log(tmp_path / '1' / 'scalars.json', '{"loss"', train_row(2, 1.))
    with pytest.raises(ValueError, match=r'scalars\.json, line 1: must be'):
        history_of_logs([broken])
    foreign = log(tmp_path / '2' / 'scalars.json',
                  {'loss': 1., 'iter': 1, 'step': 1})
    with pytest.raises(ValueError, match='no MELTRWrapper'):
        history_of_logs([foreign])
    with pytest.raises(ValueError, match=r'x\.pth: .* converted or exported'):
        history_of_checkpoint(dict(state_dict={}), 'x.pth')


def hub(**values):
    return {name.replace('__', '/'): HistoryBuffer(v, [1] * len(v))
            for name, v in values.items()}


def test_hub_has_every_iteration():
    scalars = hub(train__loss=[1., 2., 3., 4.], train__loss_a=[4., 3., 2., 1.],
                  train__weight__loss_a=[1., 1., 2., 2.], val__acc=[.5, .7],
                  val__time=[1., 1.])
    history = history_of_hub(scalars, [2, 3])
    assert history.losses['loss_a'].steps.tolist() == [1, 2, 3, 4]
    assert history.weights['loss_a'].values.tolist() == [1, 1, 2, 2]
    assert list(history.metrics) == ['acc']
    assert history.metrics['acc'].steps.tolist() == [2, 3]
    # A run of an earlier version did not note where it was evaluated.
    assert history_of_hub(scalars).metrics['acc'].steps.tolist() == [2, 4]


def test_best_metric():
    def cfg(checkpoint):
        return Config(dict(default_hooks=dict(checkpoint=checkpoint)))
    assert best_metric(cfg(dict(save_best='a/b'))) == 'a/b'
    assert best_metric(cfg(dict(save_best=['c', 'd']))) == 'c'
    assert best_metric(cfg(dict(save_best='auto'))) is None
    assert best_metric(cfg(None)) is None
    assert best_metric(Config({})) is None


def lines(axis):
    return {line.get_label(): line.get_ydata() for line in axis.get_lines()}


def test_curves_of_the_history():
    history = RunHistory(
        weights=dict(loss_a=curve(1, 3, 5), loss_b=curve(0, -1, -2)),
        losses=dict(loss_a=curve(9, 3, 3), loss_b=curve(2, 1, 1)),
        metrics={'qa/accuracy': Curve(np.array([3]), np.array([40.])),
                 'qa/chance': Curve(np.array([3]), np.array([7.]))})
    figure = draw_history(history, 'loss_b', smoothing=2)
    weights, shares, losses, metric = figure.axes
    assert lines(weights)['loss_a'].tolist() == [1, 2, 4]
    assert lines(weights)['loss_b (primary)'].tolist() == [0, -.5, -1.5]
    assert any(line.get_ydata().tolist() == [1, 3, 5]
               for line in weights.get_lines())  # the raw curve under it
    assert lines(shares)['loss_a'] == pytest.approx(
        [1, (1 + 3 / 4) / 2, (3 / 4 + 5 / 7) / 2])
    assert lines(shares)['loss_b (primary)'] == pytest.approx(
        [0, -1 / 8, -(1 / 4 + 2 / 7) / 2])
    assert lines(losses)['loss_a'].tolist() == [9, 6, 3]
    assert losses.get_yscale() == 'log'
    assert metric.get_ylabel() == 'qa/accuracy'
    assert lines(metric)['qa/accuracy'].tolist() == [40]
    assert set(lines(metric)['qa/chance']) == {7}
    assert metric.get_xlabel() == losses.get_xlabel() == 'iteration'
    # A loss of 0 has no place on a logarithmic axis, and no weight no share.
    history.losses['loss_b'].values[:] = 0
    for weight in history.weights.values():
        weight.values[:] = 0
    history.metrics = {}
    _, shares, losses = draw_history(history, smoothing=1).axes
    assert losses.get_yscale() == 'linear'
    assert lines(shares)['loss_a'].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match='MELTRWrapper'):
        draw_history(RunHistory({}, {}))


@pytest.mark.parametrize('metrics, low, high', [
    (dict(score=[40.1, 40.2]), 0, 40.2),
    (dict(score=[40.1, 40.2], majority=[20., 20.]), 20, 40.2),
    (dict(score=[40.1, 40.2], majority=[40., 40.]), 40, 48.04),
    (dict(score=[-.1, .3]), -.1, .3),
    (dict(score=[float('nan')] * 2), 0, 0),
])
def test_validation_begins_at_what_it_is_worth(metrics, low, high):
    history = RunHistory(
        weights=dict(loss_a=curve(1, 1)), losses=dict(loss_a=curve(1, 1)),
        metrics={name: curve(*values) for name, values in metrics.items()})
    found = draw_history(history, metric='score').axes[-1].get_ylim()
    margin = .05 * (high - low or 1)
    assert found == pytest.approx((low - margin, high + margin))


def test_baselines_of_a_metric():
    names = ['qa/chance', 'qa/majority', 'qa/accuracy', 's/majority_has0',
             's/majority_non0', 's/Acc-2_has0', 's/F1_has0', 's/MAE']
    found = {name: baselines_of(name, names) for name in names[2:]}
    assert found.pop('qa/accuracy') == ['qa/chance', 'qa/majority']
    assert found.pop('s/Acc-2_has0') == ['s/majority_has0']
    assert not any(found.values())


@pytest.fixture(scope='module')
def meltr():
    torch.manual_seed(0)
    return MELTR(3, hidden_dims=(8, 16), feedforward_dim=16)


@pytest.fixture(scope='module')
def transformation(meltr):
    rng = np.random.default_rng(0)
    losses = {f'loss_{name}': curve(*rng.uniform(1, 2 + i, size=100))
              for i, name in enumerate('abc')}
    losses['loss_b'].values[50] = np.nan
    return learnt_transformation(meltr, losses, points=4), losses


def test_transformation_is_that_of_meltr(meltr, transformation):
    result, losses = transformation
    assert meltr.training  # as before
    meltr.eval()

    def m(values):
        with torch.no_grad():
            return meltr(torch.tensor(values, dtype=torch.float32)).item()

    held = result.held.tolist()
    for t, (_, values) in enumerate(losses.items()):
        finite = values.values[np.isfinite(values.values)]
        assert held[t] == pytest.approx(
            finite[-(len(finite) // 10):].mean())
        assert result.axes[t, [0, -1]] == pytest.approx(
            np.percentile(finite, (5, 95)))
        for p, x in enumerate(result.axes[t]):
            at = list(held)
            at[t] = x
            assert result.lines[t, p] == pytest.approx(m(at), abs=1e-5)
    at = list(held)
    at[0], at[2] = result.axes[0][3], result.axes[2][1]
    assert result.planes[0, 2][1, 3] == pytest.approx(m(at), abs=1e-5)
    assert sorted(result.planes) == [(0, 1), (0, 2), (1, 2)]
    meltr.train()


def test_loss_that_never_was_finite(meltr):
    losses = dict(loss_a=curve(1), loss_b=curve(np.nan), loss_c=curve(1))
    with pytest.raises(ValueError, match="'loss_b' must have been finite"):
        learnt_transformation(meltr, losses)


def test_matrix_of_the_transformation(transformation, tmp_path):
    result, _ = transformation
    figure = draw_transformation(result, 'loss_b')
    panels = figure.axes[:8]
    for t, axis in enumerate(panels[:3]):
        curve_drawn = axis.get_lines()[0]
        assert curve_drawn.get_xdata().tolist() == result.axes[t].tolist()
        assert curve_drawn.get_ydata().tolist() == result.lines[t].tolist()
        # On a scale of its own, with all of it.
        low, high = axis.get_ylim()
        values = result.lines[t]
        assert low < values.min() and values.max() < high
        assert high - low < 1.5 * (values.max() - values.min())
        assert f'held at {result.held[t]:.3g}' in axis.get_title()
    assert panels[1].get_title().startswith('loss_b (primary)')
    slopes = lines(panels[3])
    assert slopes['loss_c'] == pytest.approx(
        np.gradient(result.lines[2], result.axes[2]))
    drawn = [(axis.get_xlabel(), axis.get_ylabel()) for axis in panels[4:7]]
    assert sorted(drawn) == [('loss_a', 'loss_b'), ('loss_a', 'loss_c'),
                             ('loss_b', 'loss_c')]
    assert not panels[7].axison
    image = save_figure(figure, tmp_path / 'new' / 'learnt.png')
    assert image.dtype == np.uint8 and image.shape[2] == 3
    written = np.asarray(Image.open(tmp_path / 'new' / 'learnt.png'))
    assert (written == image).all()


def test_the_pairs_that_act_together_most():
    """Not those over which M varies most, and six of many."""
    at = np.linspace(1., 2., 3)
    x, y = np.meshgrid(at, at)
    names = list('abcde')
    planes = {(i, j): 9. * i * x + 9. * j * y for i in range(5)
              for j in range(i + 1, 5)}
    planes[0, 1] = 1e-3 * x * y
    planes[0, 2] = 1e-2 * x * y
    result = Transformation(names, np.ones(5), np.stack([at] * 5),
                            np.stack([at] * 5), planes)
    assert strongest_pairs(result)[:2] == [(0, 2), (0, 1)]
    assert len(strongest_pairs(result)) == 6
    figure = draw_transformation(result)
    assert 'over the 6 pairs' in figure._suptitle.get_text()
    alone = Transformation(names[:1], np.ones(1), at[None], at[None], {})
    assert len(draw_transformation(alone).axes) == 2


@DATASETS.register_module(force=True)
class PicturesData(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        return dict(inputs=torch.randn(5, generator=generator),
                    targets=torch.randn(3, generator=generator))


@METRICS.register_module(force=True)
class PicturesMetric(BaseMetric):
    """1 in the first evaluation, 2 in the second."""
    count = 0
    default_prefix = 'test'

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        self.count += 1
        return dict(score=float(self.count))


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """The folder of a run of two epochs of two iterations."""
    MODELS.register_module('PicturesModel', force=True, module=SharedTrunk)
    folder = tmp_path_factory.mktemp('run')
    loader = dict(dataset=dict(type='PicturesData'), batch_size=2,
                  num_workers=0, collate_fn=dict(type='default_collate'),
                  sampler=dict(type='DefaultSampler', shuffle=False))
    model = dict(
        type='MELTRWrapper', model=dict(type='PicturesModel'),
        losses=['loss_a', 'loss_b'], primary='loss_b',
        meltr=dict(type='MELTR', hidden_dims=(8, 16), feedforward_dim=16))
    runner = Runner.from_cfg(ConfigDict(
        model=model,
        work_dir=str(folder),
        default_scope='mmaction',
        experiment_name='pictures',
        log_level='ERROR',
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=2),
        val_cfg=dict(type='ValLoop'),
        val_evaluator=dict(type='PicturesMetric'),
        custom_hooks=[dict(type='TaskWeightPlotHook')],
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(type='CheckpointHook', save_best='test/score',
                            rule='greater')),
        visualizer=dict(type='Visualizer', vis_backends=[
            dict(type='LocalVisBackend'),
            dict(type='TensorboardVisBackend')]),
        optim_wrapper=dict(
            type='AIDOptimWrapper',
            constructor='AIDOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=1e-2),
            meta_optimizer=dict(type='Adam', lr=1e-2))))
    runner.train()
    runner.visualizer.close()
    return folder


def test_hook_draws_into_the_run_and_the_backends(run):
    for name in ('task_weights', 'learnt_loss'):
        last = np.asarray(Image.open(run / f'{name}.png'))
        kept = sorted(run.glob(f'*/vis_data/vis_image/{name}_*.png'))
        assert [path.stem[-1] for path in kept] == ['2', '4']
        assert (np.asarray(Image.open(kept[-1])) == last).all()
    pytest.importorskip('tensorboard')
    from tensorboard.backend.event_processing.event_accumulator import (
        EventAccumulator,
    )
    events = EventAccumulator(str(next(run.glob('*/vis_data'))))
    events.Reload()
    assert set(events.Tags()['images']) == {'task_weights', 'learnt_loss'}
    assert [image.step for image in events.Images('learnt_loss')] == [2, 4]


def test_checkpoint_knows_when_it_was_evaluated(run):
    best, = run.glob('best_test_score_*.pth')
    checkpoint = torch.load(best, weights_only=True)
    history = history_of_checkpoint(checkpoint, str(best))
    assert history.metrics['test/score'].steps.tolist() == [2, 4]
    assert history.metrics['test/score'].values.tolist() == [1, 2]


@pytest.fixture(scope='module')
def plot():
    """The command's ``main``."""
    path = ROOT / 'tools' / 'analysis' / 'plot_meltr.py'
    spec = importlib.util.spec_from_file_location('plot_meltr', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_command_draws_a_run(run, plot, tmp_path, capsys):
    plot([str(run), '--out', str(tmp_path)])
    assert capsys.readouterr().out.split() == [
        f'{tmp_path}/task_weights.png', f'{tmp_path}/learnt_loss.png']
    history = history_of_logs(sorted(run.glob('*/vis_data/scalars.json')))
    expected = to_image(draw_history(history, 'loss_b', 'test/score'))
    drawn = np.asarray(Image.open(tmp_path / 'task_weights.png'))
    assert (drawn == expected).all()


def test_command_draws_a_checkpoint_alone(run, plot, tmp_path, capsys):
    alone = tmp_path / 'alone' / 'best.pth'
    alone.parent.mkdir()
    alone.write_bytes(next(run.glob('best_test_score_*.pth')).read_bytes())
    plot([str(alone), '--metric', 'test/score'])
    # The history of a checkpoint is what the hook drew from.
    for name in ('task_weights', 'learnt_loss'):
        drawn, hooks = (np.asarray(Image.open(folder / f'{name}.png'))
                        for folder in (alone.parent, run))
        assert (drawn == hooks).all()


@pytest.mark.parametrize('make, message', [
    (lambda path: None, 'there is no such checkpoint'),
    (lambda path: path.mkdir(), r'must have a log .* but has neither'),
    (lambda path: path.write_text('x'), 'cut short'),
    (lambda path: torch.save(dict(a=1), path), 'something else'),
    (lambda path: torch.save(dict(state_dict={}), path), 'no MELTR in it'),
])
def test_command_names_what_is_wrong(plot, tmp_path, make, message):
    make(tmp_path / 'x.pth')
    with pytest.raises(SystemExit, match=rf'x\.pth: .*{message}'):
        plot([str(tmp_path / 'x.pth')])


def test_command_lists_the_metrics(run, plot):
    with pytest.raises(SystemExit, match=r"one of \['test/score'\]"):
        plot([str(run), '--metric', 'accuracy'])
