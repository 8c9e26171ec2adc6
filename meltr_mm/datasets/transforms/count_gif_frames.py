"""The number of frames of a GIF, and whether the file is whole."""
from typing import Dict

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ..container_checks import count_gif_frames


@TRANSFORMS.register_module()
class CountGIFFrames(BaseTransform):
    """Apply :func:`count_gif_frames`.

    Stands after MMAction2's ``PyAVInit``, which reads GIFs where decord does
    not; its ``PyAVDecode`` then decodes the chosen frames.

    Required keys: ``filename``. Modified key: ``total_frames``.

    Raises:
        ValueError: For a file that is no GIF, is cut off, or has no frame.
    """

    def transform(self, results: Dict) -> Dict:
        """Set the number of frames.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        with open(results['filename'], 'rb') as file:
            data = file.read()
        try:
            results['total_frames'] = count_gif_frames(data)
        except ValueError as error:
            raise ValueError(
                f"{results['filename']}: the file is no whole GIF: {error}. "
                'Fetch it again, or take its questions out of the '
                'annotations.') from None
        return results
