"""Frames at a rate, and clips of a second."""
from fractions import Fraction

import av
import numpy as np
import pytest
from odd_clips import number_in, turn, write_clip

from meltr_mm.apis.s3d_features import frames_at_rate, s3d_clips
from meltr_mm.datasets.video_reader import VideoReader


def filtered(path, rate, size=None):
    """What FFmpeg's own filters make of a video."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        graph = av.filter.Graph()
        parts = [graph.add_buffer(template=stream),
                 graph.add('fps', str(rate))]
        if size:
            parts.append(graph.add('scale', f'{size[1]}:{size[0]}'))
        parts += [graph.add('format', 'rgb24'), graph.add('buffersink')]
        for one, other in zip(parts, parts[1:]):
            one.link_to(other)
        graph.configure()
        images = []
        for frame in [*container.decode(stream), None]:
            graph.push(frame)
            while True:
                try:
                    images.append(graph.pull().to_ndarray())
                except (av.error.BlockingIOError, av.error.EOFError):
                    break
    return images


@pytest.mark.parametrize('clip', [
    dict(rate=25, numbers=range(60)),
    dict(rate=30, numbers=range(31)),
    dict(rate=16, numbers=range(33)),
    dict(rate=5, numbers=range(9)),
    dict(rate=60, numbers=range(100)),
    dict(rate=Fraction(30000, 1001), numbers=range(90)),
    dict(numbers=range(10), times=[0, 1, 2, 5, 6, 10, 11, 20, 21, 62]),
    dict(numbers=range(8), times=range(50, 58)),
])
@pytest.mark.parametrize('rate', [16, 3])
def test_the_frames_that_ffmpeg_chooses(tmp_path, clip, rate):
    path = write_clip(tmp_path / 'a.mp4', **clip)
    ours = [number_in(frame.rgb()) for frame, times in frames_at_rate(
        VideoReader(path).frames(), rate) for _ in range(times)]
    assert ours == [number_in(image) for image in filtered(path, rate)]


def test_pixels_are_those_of_ffmpeg(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', size=(320, 180), numbers=range(30))
    (clips, ) = s3d_clips(VideoReader(path))
    images = filtered(path, 16, (224, 398))
    assert clips.shape == (2, 16, 224, 224, 3) and clips.dtype == np.uint8
    frames = clips.reshape(32, 224, 224, 3)
    assert len(images) == 19
    for ours, image in zip(frames, images):
        assert abs(ours.astype(int) - image[:, 87:311]).max() <= 1
    assert not frames[19:].any()


def test_tall_and_turned(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', size=(90, 160), numbers=[9])
    (clips, ) = s3d_clips(VideoReader(path), side=32)
    assert clips.shape == (1, 16, 32, 32, 3)
    turn(path, (0, 1, -1, 0))
    (turned, ) = s3d_clips(VideoReader(path), side=32)
    assert abs(np.rot90(clips[0, 0], -1).astype(int) - turned[0, 0]
               ).mean() < 3


def test_a_film_comes_in_pieces(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', numbers=range(230), rate=10)
    pieces = list(s3d_clips(VideoReader(path), seconds=4, side=32))
    assert [len(piece) for piece in pieces] == [4, 4, 4, 4, 4, 3]
    (whole, ) = s3d_clips(VideoReader(path), seconds=99, side=32)
    assert np.array_equal(np.concatenate(pieces), whole)


def test_one_frame_is_one_second(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', numbers=[5], rate=60)
    (clips, ) = s3d_clips(VideoReader(path), side=32)
    assert clips.shape[:2] == (1, 16)
    assert clips[0, 0].any() and not clips[0, 1:].any()
