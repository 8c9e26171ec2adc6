"""Hiding frames of a video that comes as features."""
import random
from typing import Dict

import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class MaskFrames(BaseTransform):
    """Choose the frames that masked frame modelling hides, at least one.

    The model itself hides them. Uses Python's generator, in the order of the
    official loaders: one number per frame and attempt.

    Required key: ``video_mask``. Added key: ``mfm_labels`` (Tensor (F,),
    int64): the frame's own index where it is hidden, else -1.

    Args:
        probability (float): Chance of each frame. Defaults to 0.15.
        repeat (bool): Draw again until a frame is hidden. False, as in
            official test sets, may leave none. Defaults to True.

    Raises:
        ValueError: If ``probability`` is not in (0, 1].
    """

    def __init__(self, probability: float = 0.15,
                 repeat: bool = True) -> None:
        if not 0 < probability <= 1:
            raise ValueError('`probability` must lie in (0, 1], but got '
                             f'{probability}.')
        self.probability = probability
        self.repeat = repeat

    def transform(self, results: Dict) -> Dict:
        """Add the labels.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        mask = results['video_mask']
        frames = range(int(mask.sum()))
        labels = self._draw(mask, frames)
        while self.repeat and len(frames) and (labels == -1).all():
            labels = self._draw(mask, frames)
        results['mfm_labels'] = labels
        return results

    def _draw(self, mask: torch.Tensor, frames: range) -> torch.Tensor:
        labels = torch.full_like(mask, -1)
        for frame in frames:
            if random.random() < self.probability:
                labels[frame] = frame
        return labels

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(probability={self.probability}, '
                f'repeat={self.repeat})')
