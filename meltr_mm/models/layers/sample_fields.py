"""Reading tensors out of a batch of data samples."""
from typing import Optional, Sequence

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn


def stack_field(samples: Sequence[BaseDataElement], name: str,
                device: torch.device) -> Tensor:
    """Stack one tensor field of every sample of a batch.

    Args:
        samples (Sequence[BaseDataElement]): B data samples.
        name (str): Field, of the same shape S in every sample.
        device (torch.device): Where the result shall be.

    Returns:
        Tensor: (B, *S), dtype of the field.

    Raises:
        ValueError: If there are no samples, a sample lacks the field, or
            shapes differ.
    """
    if not samples:
        raise ValueError(
            f'data_samples with the field {name!r} are needed, but got '
            f'{samples!r}; pass the data samples of the batch')
    lacking = [i for i, sample in enumerate(samples) if name not in sample]
    if lacking:
        raise ValueError(
            f'every data sample must have the field {name!r}, but those at '
            f'{lacking} have not; they have {sorted(samples[0].keys())}. Add '
            f'the transform that makes it to the pipeline')
    values = [sample.get(name).to(device) for sample in samples]
    shapes = {tuple(value.shape) for value in values}
    if len(shapes) > 1:
        raise ValueError(
            f'the field {name!r} must have one shape in a batch, but has '
            f'{sorted(shapes)}; pad or crop it in the pipeline')
    return torch.stack(values)


class SampleBatch:
    """What the lazy batches of the models have in common.

    Args:
        model (nn.Module): Computes the features; its parameters say where
            the samples' fields are moved.
        data_samples (Sequence[BaseDataElement], optional): B samples. None
            where only the inputs are encoded.
    """

    def __init__(self, model: nn.Module,
                 data_samples: Optional[Sequence[BaseDataElement]]) -> None:
        self.model = model
        self.data_samples = data_samples

    def field(self, name: str) -> Tensor:
        """Stack a field of the samples: (B, *shape of the field).

        Raises:
            ValueError: See :func:`stack_field`.
        """
        return stack_field(self.data_samples, name,
                           next(self.model.parameters()).device)
