"""The class that :func:`meltr_mm.compat.color_jitter` registers."""
import cv2
import numpy as np
from mmaction.datasets.transforms import ColorJitter as _Upstream


class ColorJitter(_Upstream):
    """MMAction2's colour jitter with a hue shift that cannot overflow."""

    @staticmethod
    def adjust_hue(img: np.ndarray, factor: float) -> np.ndarray:
        """Shift the hue of an RGB image.

        Args:
            img (np.ndarray): Image (H, W, 3) in 0..255, any real dtype.
            factor (float): Shift in units of the hue circle's 255 steps.

        Returns:
            np.ndarray: The shifted image, float32.
        """
        hsv = cv2.cvtColor(
            np.clip(img, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV)
        # OpenCV keeps 8-bit hue in 0..179; the sum needs a signed type.
        hue = hsv[..., 0].astype(np.int16) + int(factor * 255)
        hsv[..., 0] = hue % 180
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)
