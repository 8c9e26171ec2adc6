"""The full-size configs of all three models.

In one file, so that one process runs them: each takes up to 8 GB.
"""
# ruff: noqa: F401
import ctypes
import gc
import sys

import pytest
from full_size_all_in_one import (
    test_all_in_one,
    test_all_in_one_that_is_trained_above,
    test_state_transitions,
)
from full_size_univl import (
    test_univl,
    test_univl_of_a_size_that_is_trained_above,
)
from full_size_violet import (
    test_violet,
    test_violet_of_a_size_that_is_trained_above,
)


@pytest.fixture(autouse=True)
def _free_the_model():
    """A runner holds itself in cycles, and these hold gigabytes, which glibc
    keeps unless asked."""
    yield
    gc.collect()
    if sys.platform == 'linux':
        ctypes.CDLL(None).malloc_trim(0)
