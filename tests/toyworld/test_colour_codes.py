import numpy as np

from meltr_mm.toyworld.frame_files import NUM_CODES, colour_codes


def test_flat_colours():
    frames = np.zeros((1, 64, 64, 3), np.uint8)
    frames[0, :32, 32:] = (255, 0, 0)
    frames[0, 32:, :32] = (0, 255, 64)
    frames[0, 32:, 32:] = (127, 128, 255)
    codes = colour_codes(frames)
    assert codes.dtype == np.int16 and NUM_CODES == 64
    # 16 r + 4 g + b with levels of 64.
    assert codes.tolist() == [[[0, 48], [13, 16 + 8 + 3]]]


def test_the_colourful_quarter_decides():
    frames = np.full((1, 32, 32, 3), 100, np.uint8)
    frames[0, :8] = (0, 0, 255)
    assert colour_codes(frames).item() == 3
    # Half of that quarter blue, half grey 100: (50, 50, 177.5).
    frames[0, 4:8] = 100
    assert colour_codes(frames).item() == 2


def test_other_cells():
    frames = np.zeros((2, 40, 56, 3), np.uint8)
    assert colour_codes(frames, cell=8).shape == (2, 5, 7)
