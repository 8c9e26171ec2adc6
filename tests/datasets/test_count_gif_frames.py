import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from PIL import Image

from meltr_mm.datasets.container_checks import count_gif_frames


def write_gif(path, count, **options):
    frames = []
    for i in range(count):
        pixels = np.full((40, 60, 3), 20 * i, np.uint8)
        pixels[10:20, 2 * i:2 * i + 10] = (255, 0, 0)
        frames.append(Image.fromarray(pixels))
    frames[0].save(path, save_all=True, append_images=frames[1:],
                   duration=80, **options)
    return path


@pytest.mark.parametrize('count, options', [
    (1, {}), (7, {}), (7, dict(loop=0, comment=b'x' * 300)),
    (5, dict(optimize=True, disposal=2))])
def test_counts_what_pillow_counts(tmp_path, count, options):
    path = write_gif(tmp_path / 'x.gif', count, **options)
    assert count_gif_frames(path.read_bytes()) == count


def test_every_cut_is_noticed_or_between_two_blocks(tmp_path):
    data = write_gif(tmp_path / 'x.gif', 4).read_bytes()
    accepted = []
    for size in range(13, len(data)):
        try:
            accepted.append(count_gif_frames(data[:size]))
        except ValueError:
            continue
    # Header, then a control block and an image for each frame.
    assert accepted == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert count_gif_frames(data[:-1]) == 4


def test_read_by_the_pipeline(tmp_path):
    path = write_gif(tmp_path / 'x.gif', 9)
    results = dict(filename=str(path))
    for step in (dict(type='VideoInit'),
                 dict(type='SampleFramesEvenly', clip_len=2),
                 dict(type='VideoDecode')):
        results = TRANSFORMS.build(step)(results)
    assert results['total_frames'] == 9
    # Frames 3 and 6 of nine.
    assert [img[30, 59, 0] for img in results['imgs']] == [60, 120]
    assert results['imgs'][1][15, 15].tolist() == [255, 0, 0]


@pytest.mark.parametrize('data, message', [
    (b'RIFF0000AVI ', 'does not begin like a GIF'),
    (b'GIF89a' + bytes(7) + b'\x99', 'unknown block starts at byte 13'),
    (b'GIF89a' + bytes(7) + b'\x21\xf9\x04', 'cut off in the middle'),
    (b'GIF89a', 'cut off in the middle'),
])
def test_what_is_wrong_is_said(data, message):
    with pytest.raises(ValueError, match=message):
        count_gif_frames(data)
