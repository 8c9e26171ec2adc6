"""Whether a video file is whole, as far as its container tells.

Decoders stop at the end of a file that was cut off and return the frames that
they got, so that the clip would silently be shorter.
"""
import os
import os.path as osp
from typing import Tuple

_TRAILER, _EXTENSION, _IMAGE = 0x3B, 0x21, 0x2C


class VideoError(ValueError):
    """A video file that cannot be read as it should. The text names it."""


def check_beginning(path: str) -> None:
    """Check that there is a file, and that it is no page of text.

    Args:
        path (str): The file.

    Raises:
        FileNotFoundError: If there is none.
        VideoError: If it is empty, or a text: the page that a server sent in
            the place of the video, or a pointer to it.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: there is no such video')
    if not os.stat(path).st_size:
        raise VideoError(f'{path}: must be a video, but is empty (0 bytes). '
                         'Fetch it again.')
    with open(path, 'rb') as file:
        beginning = file.read(64)
    text = beginning.decode('utf-8', 'replace').lstrip('\ufeff').strip()
    if text.replace('\n', '').replace('\r', '').isprintable():
        shown = text.splitlines()[0][:40] if text else ''
        raise VideoError(f'{path}: must be a video, but is a text that '
                         f'begins with {shown!r}. Fetch it again.')


def check_matroska_segment(path: str) -> None:
    """Compare the size in the header of a Matroska file with the file's.

    Args:
        path (str): The file, ``.mkv`` or ``.webm``.

    Raises:
        VideoError: If the end is missing.
    """
    with open(path, 'rb') as file:
        beginning = file.read(4096)
    place = 4  # after the identifier of the EBML header
    size, length = _ebml_number(beginning[place:])
    place += length + size + 4  # ... and that of the segment
    size, length = _ebml_number(beginning[place:])
    missing = place + length + size - os.stat(path).st_size
    # All ones: written without knowing the size, as by a live recording.
    if missing > 0 and size != 2**(7 * length) - 1:
        raise VideoError(f'{path}: the file is cut off, the last {missing} '
                         'bytes are missing. Fetch it again.')


def _ebml_number(data: bytes) -> Tuple[int, int]:
    if not data or not data[0]:
        return 0, 0
    length = 9 - data[0].bit_length()
    value = int.from_bytes(data[:length], 'big')
    return value & (2**(7 * length) - 1), length


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
