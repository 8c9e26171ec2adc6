import gc

import pytest

pytest.register_assert_rewrite(
    'full_size_all_in_one', 'full_size_univl', 'full_size_violet')


@pytest.fixture(autouse=True)
def _free_the_model():
    """A runner holds itself in cycles, and full-size ones hold gigabytes."""
    yield
    gc.collect()
