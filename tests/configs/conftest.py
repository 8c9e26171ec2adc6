import gc

import pytest


@pytest.fixture(autouse=True)
def _free_the_model():
    """A runner holds itself in cycles, and full-size ones hold gigabytes."""
    yield
    gc.collect()
