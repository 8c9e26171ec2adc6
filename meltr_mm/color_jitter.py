"""The class that :func:`meltr_mm.compat.color_jitter` registers."""
import cv2
import numpy as np
from mmaction.datasets.transforms import ColorJitter as _Upstream


class ColorJitter(_Upstream):
    """MMAction2's colour jitter with a hue shift that cannot overflow.

    Under numpy 2 the original fails at random in a worker, and with a hue of
    about 0.3 or more it gives wrong colours under any numpy. This one takes
    its name in MMAction2's registry.

    Required and modified keys: ``imgs`` (list of RGB arrays (H, W, 3)).

    Args:
        brightness (float | tuple[float, float]): Factor of the brightness
            is drawn from [1 - x, 1 + x], or from the pair. Defaults to 0.5.
        contrast (float | tuple[float, float]): The same for the contrast.
            Defaults to 0.5.
        saturation (float | tuple[float, float]): The same for the
            saturation. Defaults to 0.5.
        hue (float | tuple[float, float]): Shift of the hue is drawn from
            [-x, x], or from the pair, times 255, in OpenCV's steps, of which
            the circle has 180. Defaults to 0.1.
    """

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
