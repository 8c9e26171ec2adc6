"""The benchmarks measure what they say, on one small row each."""
import sys
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'benchmark'))
import memory  # noqa: E402
import meta_step  # noqa: E402
import problems  # noqa: E402
import training_run  # noqa: E402

TOY = str(ROOT / 'configs' / 'toy' / 'meltr_univl_mosi.py')


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


@pytest.mark.skipif(not memory.shapes_suffice(),
                    reason='optimisers of this torch need numbers')
def test_memory_of_shapes_is_that_of_numbers(capsys):
    """For what all models share: texts, masks, labels, both kinds of step."""
    rows = []
    for real in ('', '--real'):
        memory.main([TOY, '--batch-size', '4',
                     *([real] if real else [])])
        *_, row = capsys.readouterr().out.splitlines()
        name, size, *values = row.strip('| ').split(' | ')
        assert name.endswith('toy/meltr_univl_mosi.py`') and size == '4'
        rows.append([float(value) for value in values])
    (between, update, meta), real = rows
    assert [between, update] == real[:2]
    assert real[2] <= meta <= 1.1 * real[2]
    assert between < update < meta
