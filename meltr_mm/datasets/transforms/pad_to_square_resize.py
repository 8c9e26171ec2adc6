"""VIOLET's geometry: the whole frame, padded to a square."""
from typing import Dict

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from PIL import Image


def pad_to_square_resize(image: np.ndarray, size: int) -> np.ndarray:
    """Pad an image with black to a square and resize it.

    The shorter side is padded by ``floor(difference / 2)`` on both ends, so
    an odd difference leaves one pixel, which the resize stretches away. The
    resize is PIL's bilinear filter with antialiasing, because that is what
    VIOLET was trained with; OpenCV's differs when it shrinks.

    Args:
        image (np.ndarray): RGB (H, W, 3), uint8.
        size (int): Side of the result, pixels.

    Returns:
        np.ndarray: RGB (size, size, 3), uint8.
    """
    height, width = image.shape[:2]
    rows = max(width - height, 0) // 2
    columns = max(height - width, 0) // 2
    image = np.pad(image, ((rows, rows), (columns, columns), (0, 0)))
    resized = Image.fromarray(image).resize((size, size), Image.BILINEAR)
    return np.asarray(resized)


@TRANSFORMS.register_module()
class PadToSquareResize(BaseTransform):
    """Apply :func:`pad_to_square_resize` to every frame.

    No crop and no flip: left and right, and what stands at the border, are
    what questions ask about.

    Required and modified keys: ``imgs`` (list of uint8 arrays (H, W, 3)).
    Modified key: ``img_shape`` ((size, size)).

    Args:
        size (int): Side of the result, pixels. VIOLET uses 224.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def transform(self, results: Dict) -> Dict:
        """Pad and resize.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        results['imgs'] = [
            pad_to_square_resize(img, self.size) for img in results['imgs']
        ]
        results['img_shape'] = (self.size, self.size)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size})'
