import gc

import pytest


def pytest_collection_modifyitems(items):
    """One process alone holds full-size models: they take gigabytes."""
    for item in items:
        if 'full_size' in item.path.name:
            item.add_marker(pytest.mark.xdist_group('full_size'))


@pytest.fixture(autouse=True)
def _free_the_model():
    """A runner holds itself in cycles, and full-size ones hold gigabytes."""
    yield
    gc.collect()
