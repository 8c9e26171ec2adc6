"""Data samples of a recorded batch."""
from typing import Dict, List

from mmaction.structures import ActionDataSample
from torch import Tensor


def split_batch(fields: Dict[str, Tensor]) -> List[ActionDataSample]:
    """Make a data sample of each row.

    Args:
        fields (dict[str, Tensor]): Our name -> its rows, (B, ...).

    Returns:
        list[ActionDataSample]: B samples.
    """
    samples = []
    for i in range(len(next(iter(fields.values())))):
        sample = ActionDataSample()
        sample.set_data({name: value[i] for name, value in fields.items()})
        samples.append(sample)
    return samples
