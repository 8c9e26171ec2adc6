"""Damaged annotation files: the right samples or one clear error.

    FUZZ_EXAMPLES=3000 python -m pytest tests/fuzz --hypothesis-show-statistics
"""
import inspect
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings

from meltr_mm import datasets
from meltr_mm.datasets import feature_datasets

sys.path.insert(0, str(Path(__file__).parent))
import table_cases  # noqa: E402,F401  adds to the cases
from clear_errors import unclear  # noqa: E402
from mutations import decode, encode, faults, with_faults  # noqa: E402
from reader_cases import CASES  # noqa: E402

EXAMPLES = int(os.environ.get('FUZZ_EXAMPLES', 12))
SETTINGS = settings(
    max_examples=EXAMPLES, derandomize='FUZZ_EXAMPLES' not in os.environ,
    database=None, deadline=None, report_multiple_bugs=True,
    suppress_health_check=[HealthCheck.too_slow,
                           HealthCheck.function_scoped_fixture])


pytestmark = pytest.mark.timeout(300)  # a hang is a defect, too


@pytest.fixture(autouse=True)
def few_training_videos(monkeypatch):
    monkeypatch.setattr(feature_datasets, 'NUM_TRAINING_VIDEOS', 2)


def check(case, data):
    """Read files; what came out: 'error' or 'read'."""
    folder = Path(tempfile.mkdtemp(prefix='fuzz'))
    try:
        for name, content in data.items():
            if content is not None:
                (folder / name).write_bytes(content)
        try:
            expected = case.expect({
                name: decode(case.files[name][0], content)
                for name, content in data.items()})
        except Exception:  # the files have no meaning
            expected = None
        try:
            samples = case.read(folder)
        except Exception as error:
            fault = unclear(error, list(data))
            if fault is None:
                return 'error'
            raise AssertionError(
                f'{fault}: {type(error).__name__}: {error}') from error
    finally:
        shutil.rmtree(folder)
    assert expected is not None, f'nonsense was read as {samples}'
    assert [case.show(sample) for sample in samples] == expected
    return 'read'


@pytest.mark.parametrize('name', CASES)
def test_valid_files_are_read(name):
    case = CASES[name]
    assert check(case, {n: encode(*f) for n, f in case.files.items()}) == \
        'read'


@pytest.mark.parametrize('name', CASES)
def test_damaged_files(name):
    case = CASES[name]

    @SETTINGS
    @given(faults)
    def damage(fault):
        data, _ = with_faults(case.files, fault)
        event(check(case, data))

    damage()


def test_every_dataset_is_here():
    classes = {name for name, value in vars(datasets).items()
               if inspect.isclass(value) and name.endswith('Dataset')}
    read = {inspect.getclosurevars(case.read).nonlocals.get('kind')
            for case in CASES.values()}
    assert classes and classes <= read


def test_campaign():
    """The script that damages files at length."""
    from campaign import damage_at_length
    counts, defects = damage_at_length('codes', 5, 0)
    assert sum(counts.values()) == 5 and not defects
