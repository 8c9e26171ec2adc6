"""The number of frames of a GIF, and whether the file is whole."""
from typing import Dict

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

_TRAILER, _EXTENSION, _IMAGE = 0x3B, 0x21, 0x2C


def count_gif_frames(data: bytes) -> int:
    """Count the images in a GIF by walking through its blocks.

    Decoders stop at the end of a file that was cut off and return the frames
    that they got, so that the clip would silently be shorter.

    Args:
        data (bytes): Content of the file.

    Returns:
        int: Number of images. A file that ends between two blocks is
        accepted without the trailer.

    Raises:
        ValueError: If it is no GIF, or ends within a block.
    """
    if data[:6] not in (b'GIF87a', b'GIF89a'):
        raise ValueError('it does not begin like a GIF')
    images = 0
    try:
        place = 13 + _colour_table_size(data[10])
        if len(data) < place:
            raise IndexError
        while place < len(data) and data[place] != _TRAILER:
            if data[place] == _IMAGE:
                # Descriptor, own colour table, code size.
                place += 11 + _colour_table_size(data[place + 9])
                images += 1
            elif data[place] == _EXTENSION:
                place += 2
            else:
                raise ValueError(f'an unknown block starts at byte {place}')
            while data[place]:
                place += 1 + data[place]
            place += 1
    except IndexError:
        raise ValueError('it is cut off in the middle') from None
    return images


def _colour_table_size(flags: int) -> int:
    return 3 * 2**((flags & 7) + 1) if flags & 0x80 else 0


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
