"""``zip(strict=True)``, which Python has from 3.10 on."""
from itertools import zip_longest


def zip_equal(*iterables):
    """Pair what must be equally long: a missing result is no agreement."""
    missing = object()
    for row in zip_longest(*iterables, fillvalue=missing):
        assert all(item is not missing for item in row), 'unequal lengths'
        yield row
