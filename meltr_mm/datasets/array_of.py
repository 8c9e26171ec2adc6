"""Arrays in files that other people wrote."""
from typing import Any, Optional

import numpy as np


def array_of(value: Any, kinds: str) -> Optional[np.ndarray]:
    """Make an array of what stands in a file, if it is one.

    Args:
        value (Any): An array, or nested lists of equal lengths.
        kinds (str): Letters of the admitted kinds of numpy types: 'f' for
            floating point, 'i' and 'u' for whole numbers.

    Returns:
        np.ndarray | None: The array; None if it is none, or of another kind.
    """
    try:
        array = np.asarray(value)
    except ValueError:  # unequal lengths
        return None
    return array if array.dtype.kind in kinds else None
