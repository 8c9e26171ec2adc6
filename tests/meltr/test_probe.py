"""MELTR on a problem whose answer is known (see tools/benchmark/probe.py)."""
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(
    0, str(Path(__file__).resolve().parents[2] / 'tools' / 'benchmark'))
import probe  # noqa: E402


@pytest.mark.skipif(
    not os.environ.get('WHOLE_SUITE'),
    reason='takes minutes; WHOLE_SUITE=1 runs it')
def test_held_out_meta_batches_find_the_helpful_loss(capsys):
    rows = probe.table(seeds=5)
    with capsys.disabled():
        print('\n' + probe.show(rows))
    held_out = rows['MELTR, held-out batches']
    _, helpful, harmful, noise = held_out.weights
    assert helpful > 5 * max(harmful, noise)
    assert held_out.error < rows['primary only'].error
    assert held_out.error < rows['sum'].error
