"""A colour quantiser in the place of the DALL-E dVAE.

Masked video modelling predicts one discrete code per 32x32 pixel cell. The
real codes come from a network that is a download; the toy data set has codes
of the same shape and use that anyone can recompute from the frames.
"""
import numpy as np

LEVELS = 4
NUM_CODES = LEVELS**3
_SHARE = 0.25


def colour_codes(frames: np.ndarray, cell: int = 32) -> np.ndarray:
    """Give each cell the code of its most colourful quarter.

    Colourfulness of a pixel is the range of its channels. The mean RGB of
    the quarter of the pixels of a cell with the largest range is quantised
    to four equal levels per channel, and the code is ``16 r + 4 g + b``. A
    cell that an actor reaches into so tells the actor's colour, and an empty
    one the tone of the background.

    Args:
        frames (np.ndarray): RGB (T, H, W, 3), uint8, at the size that the
            model sees.
        cell (int): Side of a cell, pixels. Defaults to 32.

    Returns:
        np.ndarray: Codes (T, H // cell, W // cell), int16, 0..63.
    """
    number, height, width = frames.shape[:3]
    rows, columns = height // cell, width // cell
    pixels = frames[:, :rows * cell, :columns * cell]
    pixels = pixels.reshape(number, rows, cell, columns, cell, 3)
    pixels = pixels.transpose(0, 1, 3, 2, 4, 5)
    pixels = pixels.reshape(number, rows, columns, cell * cell, 3)
    # int16, because a difference of uint8 wraps; stable, for ties.
    colourful = np.ptp(pixels.astype(np.int16), axis=-1)
    order = np.argsort(-colourful, axis=-1, kind='stable')
    order = order[..., :int(cell * cell * _SHARE), None]
    mean = np.take_along_axis(pixels, order, axis=-2).mean(axis=-2)
    levels = (mean * LEVELS / 256).astype(np.int16)
    return levels @ np.array([LEVELS**2, LEVELS, 1], dtype=np.int16)
