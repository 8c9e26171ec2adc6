"""Options that make no sense: they do their work or are one clear error."""
import sys
import traceback
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import option_cases  # noqa: E402
from clear_errors import unclear  # noqa: E402
from mutations import PLAIN_EVIL  # noqa: E402
from test_fuzz_readers import SETTINGS  # noqa: E402

EVIL = PLAIN_EVIL + [-7, 2, 1e-30, 2**70, 1 + 2j, b'x', (1, 2), (8, 8), object,
                     float('-inf'), 'auto', 'weighted', {'type': 'Neumann'},
                     {'capacity': 'x'}, {'terms': None}, ['loss_a', 'loss_a'],
                     dict(video=3), dict(video='nowhere'), dict(what='(')]
NAMES = [*option_cases.CASES, 'MSVDQADataset', 'SeededSplit',
         'CMUMOSIDataset', 'YouCook2Dataset', 'MSRVTTFeatureDataset',
         'LoadVideoFeatures', 'LoadVQCodes']


@pytest.fixture(scope='module')
def cases(toy_root, toy_feature_root):
    return option_cases.all_cases(
        dict(msvd_qa=toy_root, feature=toy_feature_root))


def try_options(case, options, name):
    """Build and use: 'used', 'refused', or an AssertionError."""
    try:
        case.use(case.build(**options))
        return 'used'
    except Exception as error:
        value = options[name]
        # An option that is a dict is named by a key of it, too.
        inside = [key for key in value if isinstance(key, str) and key] \
            if isinstance(value, dict) else []
        # A path may be named in full instead of the option.
        path = [value] if isinstance(value, str) and value.strip() else []
        fault = unclear(error, [name, *inside, *path, 'max_skips'])
        if fault is None:
            return 'refused'
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise AssertionError(
            f'{name}={value!r}: {fault}: {type(error).__name__}: {error} '
            f'[{Path(frame.filename).name}:{frame.lineno}]') from error


def test_all_are_here(cases):
    assert set(cases) == set(NAMES)


@pytest.mark.parametrize('kind', NAMES)
def test_options(cases, kind):
    case = cases[kind]
    name = next(iter(case.options))  # as they are, they work
    assert try_options(case, option_cases.change(
        case.options, name, case.options[name]), name) == 'used'

    @SETTINGS
    @given(st.sampled_from(sorted(case.options)), st.sampled_from(EVIL))
    def damage(name, value):
        event(try_options(
            case, option_cases.change(case.options, name, value), name))

    damage()
