import pytest
import tiny_all_in_one


@pytest.fixture
def tiny():
    return tiny_all_in_one


@pytest.fixture
def batch():
    return tiny_all_in_one.make_batch(3)
