"""One of the captions of a video."""
from typing import Dict

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class PickCaption(BaseTransform):
    """Choose a caption: a random one each time, or the first.

    Required keys: ``captions`` (list of str). Added keys: the one named
    ``key`` (str). Uses numpy's global generator.

    Args:
        random (bool): Draw it, as in training. Defaults to True.
        key (str): Where to put it. UniVL's ``text``, which the encoder
            reads, and ``caption`` are drawn separately. Defaults to
            ``'caption'``.
    """

    def __init__(self, random: bool = True, key: str = 'caption') -> None:
        self.random = random
        self.key = key

    def transform(self, results: Dict) -> Dict:
        """Add the caption.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        captions = results['captions']
        index = np.random.randint(len(captions)) if self.random else 0
        results[self.key] = captions[index]
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(random={self.random}, '
                f'key={self.key!r})')
