"""Another combiner is one line on any config, hooks and pictures included."""
import importlib.util
from pathlib import Path

import pytest
from mmengine.runner import Runner
from toy_configs import tiny_config

PLOT = Path(__file__).parents[2] / 'tools' / 'analysis' / 'plot_meltr.py'
COMBINERS = [
    dict(type='PlainSum'), dict(type='ScaledSum'),
    dict(type='FadingSum'), dict(type='PrimaryOnly'),
    dict(type='FixedWeights', weights=[1, .5, 0, 2, -1]),
    dict(type='RandomWeights'), dict(type='DynamicWeightAverage', period=1),
    dict(type='UncertaintyWeights'), dict(type='LearntWeights'),
    dict(type='MonotoneNetwork'), dict(type='GradientAggregator'),
    dict(type='MELTR', start='primary')
]
LEARN = 'UncertaintyWeights', 'LearntWeights', 'MonotoneNetwork', 'MELTR'


@pytest.fixture(scope='module')
def plot():
    """The command's ``main``."""
    spec = importlib.util.spec_from_file_location(PLOT.stem, PLOT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.mark.parametrize('combiner', COMBINERS, ids=lambda c: c['type'])
def test_in_the_place_of_meltr(combiner, plot, roots, tmp_path, capsys):
    kind = combiner['type']
    if kind == 'GradientAggregator':
        pytest.importorskip('torchjd')
    cfg = tiny_config('univl_mosi', roots, tmp_path / 'run', pictures=True)
    cfg.merge_from_dict(dict(
        model=dict(meltr=dict(combiner, _delete_=True)),
        default_hooks=dict(logger=dict(interval=1), checkpoint=dict(
            by_epoch=False, interval=3))))
    Runner.from_cfg(cfg).train()
    names = ['task_weights.png', 'learnt_loss.png'][:1 + (kind in LEARN)]
    assert sorted(names) == sorted(
        path.name for path in tmp_path.glob('run/*.png'))
    capsys.readouterr()
    plot([str(tmp_path / 'run'), '--out', str(tmp_path)])
    said = capsys.readouterr().out.splitlines()
    assert said[-len(names):] == [f'{tmp_path}/{name}' for name in names]
    if kind not in LEARN:
        assert said[0] == (f'{kind} learns nothing, so there is no '
                           'learnt_loss.png.')
