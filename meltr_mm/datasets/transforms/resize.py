"""Resizing with PIL's filter, which averages where it shrinks."""
from typing import Dict, Tuple

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
        """Pad and resize."""
        results['imgs'] = [
            pad_to_square_resize(img, self.size) for img in results['imgs']
        ]
        results['img_shape'] = (self.size, self.size)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size})'


@TRANSFORMS.register_module()
class ResizeAntialiased(BaseTransform):
    """Resize every frame with PIL's bilinear filter.

    MMAction2's ``Resize`` uses OpenCV's, which skips pixels where it shrinks.

    Reads and writes ``imgs`` (list of uint8 arrays (H, W, 3)) and writes
    ``img_shape``.

    Args:
        scale (tuple[int, int]): Width and height. With a -1 the other one is
            the length of the shorter side, and proportions stay.

    Raises:
        ValueError: If a length is not positive.
    """

    def __init__(self, scale: Tuple[int, int]) -> None:
        if max(scale) < 1 or min(scale) < 1 and -1 not in scale:
            raise ValueError('`scale` must be width and height, one of them '
                             f'-1 to keep proportions, but got {scale}.')
        self.scale = tuple(scale)

    def transform(self, results: Dict) -> Dict:
        """Resize."""
        height, width = results['imgs'][0].shape[:2]
        size = self.scale
        if -1 in size:
            side, shorter = max(size), min(height, width)
            size = (side * width // shorter, side * height // shorter)
        results['imgs'] = [
            np.asarray(Image.fromarray(image).resize(size, Image.BILINEAR))
            for image in results['imgs']
        ]
        results['img_shape'] = (size[1], size[0])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(scale={self.scale})'
