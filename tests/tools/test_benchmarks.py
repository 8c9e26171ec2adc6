"""The benchmarks measure what they say, on one small row each."""
import sys
from functools import partial
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).resolve().parents[2] / 'tools' / 'benchmark'))
import meta_step  # noqa: E402
import problems  # noqa: E402
import training_run  # noqa: E402


def test_meta_step(monkeypatch):
    # Memory is measured in processes of their own, which take long to start.
    monkeypatch.setattr(meta_step, 'memory_of', lambda *args: 1.)
    monkeypatch.setitem(meta_step.PROBLEMS, 'bert',
                        partial(problems.bert, tokens=8))
    row, = rows = meta_step.measure('bert', 1, 'cpu', ['jvp'])
    assert row['rel_error'] < 1e-5 and row['time_ratio'] > 0
    assert '| bert | jvp | meltr_mm |' in meta_step.show(rows)


def test_training_run(monkeypatch):
    monkeypatch.setattr(training_run, 'SETTINGS',
                        {'MELTR': dict(gamma=0.)})
    ratios = training_run.ratios(['loss_qa', 'loss_mtm'], 1, 1, 'cpu')
    assert ratios.keys() == {'plain sum', 'MELTR'}
    assert ratios['plain sum'] == 1 and ratios['MELTR'] > 0
