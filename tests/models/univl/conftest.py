import pytest
import tiny_univl


@pytest.fixture
def tiny():
    return tiny_univl


@pytest.fixture
def make_batch():
    return tiny_univl.make_batch


@pytest.fixture
def batch():
    return tiny_univl.make_batch(4)
