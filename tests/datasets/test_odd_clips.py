"""A hundred odd clips: each is read rightly, or named in one error."""
import os
import shutil

import av
import numpy as np
import pytest
from mmengine.dataset import Compose
from odd_clips import (
    copy_packets,
    cut,
    like,
    number_in,
    show_less,
    turn,
    write_clip,
)

from meltr_mm.datasets.container_checks import VideoError
from meltr_mm.datasets.video_reader import VideoReader

MEDIUM = dict(preset='medium', g='10', bf='3')
# At its usual quality an older encoder darkens one cell of one frame.
AV1 = dict(codec='libsvtav1', options=dict(preset='12', crf='20'))
VP8 = dict(codec='libvpx')
VP9 = dict(codec='libvpx-vp9')
JPEG = dict(codec='mjpeg', pix_fmt='yuvj420p')
MPEG2 = dict(codec='mpeg2video')


def x265(params: str = '', **kwargs) -> dict:
    """Say how to encode HEVC."""
    params = f'log-level=none:pools=1:frame-threads=1{params}'
    return dict(codec='libx265', options={
        'preset': 'ultrafast', 'x265-params': params}, **kwargs)


# File -> how it is written, see `write_clip`.
CLIPS = {
    'plain.mp4': {},
    'b_frames.mp4': dict(options=MEDIUM),
    'open_gop.mp4': dict(options={
        'preset': 'medium',
        'x264-params': 'open-gop=1:keyint=10:bframes=3:log-level=none'}),
    'hevc.mp4': x265(':keyint=10:min-keyint=5:open-gop=0'),
    'hevc_open_gop.mp4': x265(':keyint=10:min-keyint=5:bframes=3'),
    'mpeg4.mp4': dict(codec='mpeg4'),
    'av1.mp4': AV1,
    'vp9.mp4': VP9,
    '10_bit.mp4': dict(pix_fmt='yuv420p10le'),
    '10_bit_hevc.mp4': x265(pix_fmt='yuv420p10le'),
    '444.mp4': dict(pix_fmt='yuv444p'),
    '422.mp4': dict(pix_fmt='yuv422p'),
    'rgb.mp4': dict(codec='libx264rgb', pix_fmt='rgb24'),
    'fragments.mp4': dict(movflags='frag_keyframe+empty_moov'),
    'fast_start.mp4': dict(movflags='faststart'),
    'sound.mp4': dict(sound='aac'),
    'odd_size.mp4': dict(codec='mpeg4', size=(71, 53)),
    'slow.mp4': dict(rate=1),
    'quick.mp4': dict(rate=240),
    'variable_rate.mp4': dict(
        numbers=range(10), times=[0, 1, 2, 5, 6, 10, 11, 20, 21, 22]),
    'late_start.mp4': dict(numbers=range(8), times=range(50, 58)),
    'one_frame.mp4': dict(numbers=[7]),
    'two_frames.mp4': dict(numbers=[7, 9]),
    'long.mp4': dict(numbers=range(250), options=dict(preset='medium')),
    'apple.m4v': {},
    'mpeg4.m4v': dict(codec='mpeg4'),
    'phone.3gp': dict(codec='h263', size=(176, 144)),
    'mpeg4.3gp': dict(codec='mpeg4'),
    'h264.mov': {},
    'prores.mov': dict(codec='prores', pix_fmt='yuv422p10le'),
    'mjpeg.mov': JPEG,
    'animation.mov': dict(codec='qtrle', pix_fmt='rgb24'),
    'png.mov': dict(codec='png', pix_fmt='rgb24'),
    'h264.mkv': {},
    'b_frames.mkv': dict(options=MEDIUM),
    'hevc.mkv': x265(':keyint=10'),
    'vp8.mkv': VP8,
    'av1.mkv': AV1,
    'mpeg4_b.mkv': dict(codec='mpeg4', options=dict(bf='2')),
    'ffv1.mkv': dict(codec='ffv1'),
    'grey.mkv': dict(codec='ffv1', pix_fmt='gray'),
    'mjpeg.mkv': JPEG,
    'sound.mkv': dict(sound='aac'),
    'variable_rate.mkv': dict(
        numbers=range(10), times=[0, 1, 2, 5, 6, 10, 11, 20, 21, 22]),
    'vp8.webm': VP8,
    'vp8_hidden.webm': dict(VP8, numbers=range(60), options={
        'auto-alt-ref': '1', 'lag-in-frames': '16', 'cpu-used': '4'}),
    'vp9.webm': VP9,
    'vp9_hidden.webm': dict(VP9, numbers=range(60), options={
        'auto-alt-ref': '1', 'lag-in-frames': '25'}),
    'av1.webm': AV1,
    'sound.webm': dict(VP9, sound='libopus'),
    'odd_size.webm': dict(VP9, size=(71, 53)),
    'one_frame.webm': dict(VP9, numbers=[7]),
    'mpeg4.avi': dict(codec='mpeg4'),
    'mpeg4_b.avi': dict(codec='mpeg4', options=dict(bf='2')),
    'mjpeg.avi': JPEG,
    'h264_b.avi': dict(options=MEDIUM),
    'divx3.avi': dict(codec='msmpeg4'),
    'msmpeg4v2.avi': dict(codec='msmpeg4v2'),
    'huffyuv.avi': dict(codec='huffyuv', pix_fmt='yuv422p'),
    'raw.avi': dict(codec='rawvideo', pix_fmt='bgr24'),
    'sound.avi': dict(codec='mpeg4', sound='mp3'),
    'one_frame.avi': dict(codec='mpeg4', numbers=[7]),
    'h264.ts': {},
    'b_frames.ts': dict(options=MEDIUM),
    'mpeg2.ts': MPEG2,
    'hevc.ts': x265(':keyint=10:bframes=3'),
    'sound.ts': dict(sound='aac'),
    'one_frame.ts': dict(numbers=[7]),
    'camera.m2ts': dict(container='mpegts'),
    'mpeg1.mpg': dict(codec='mpeg1video'),
    'mpeg2_b.mpg': dict(MPEG2, options=dict(bf='2')),
    'dvd.vob': MPEG2,
    'sorenson.flv': dict(codec='flv'),
    'h264.flv': {},
    'wmv2.wmv': dict(codec='wmv2'),
    'wmv1.asf': dict(codec='wmv1'),
    'vp8.ogv': VP8,
    'sound.ogv': dict(VP8, sound='libopus'),
    'flat.gif': dict(codec='gif', pix_fmt='rgb8'),
    'one_frame.gif': dict(codec='gif', pix_fmt='rgb8', numbers=[7]),
    'moving.apng': dict(codec='apng', pix_fmt='rgb24'),
    'stream.h264': {},
    'stream.hevc': x265(),
    'stream.m2v': MPEG2,
    'stream.mjpeg': JPEG,
    'stream.obu': AV1,
    'vp9.ivf': VP9,
    'h264.nut': {},
    'mpeg2.mxf': MPEG2,
}


def write(folder, name):
    """Write one of the clips."""
    try:
        return write_clip(folder / name, **CLIPS[name])
    except (av.error.FFmpegError, ValueError):
        pytest.skip(f'this PyAV cannot write {name}')


def check(path, numbers):
    """Compare all frames, single ones, and what a pipeline makes of them."""
    numbers = list(numbers)
    reader = VideoReader(path)
    assert [number_in(frame.rgb()) for frame in reader.frames()] == numbers
    assert len(reader) == len(numbers)
    chosen = np.random.default_rng(0).integers(0, len(numbers), 9)
    assert [number_in(image) for image in reader.get_frames(chosen)
            ] == [numbers[place] for place in chosen]
    times = [frame.time for frame in reader.frames()]
    assert times == sorted(set(times))


@pytest.mark.parametrize('name', CLIPS)
def test_every_frame_of_every_kind(tmp_path, name):
    check(write(tmp_path, name), CLIPS[name].get('numbers', range(30)))


@pytest.mark.parametrize('name', ['mpeg4.avi', 'vp9.webm', 'h264.ts'])
def test_a_file_needs_no_ending(tmp_path, name):
    write(tmp_path, name)
    (tmp_path / name).rename(tmp_path / 'clip')
    check(tmp_path / 'clip', range(30))


@pytest.mark.parametrize('name', [
    'Élan à vélo.mp4', '视频.mp4', '🎬.mp4', ' two  spaces .mp4', '-y.mp4',
    'frame%03d.mp4', 'concat:a|b.mp4', 'http:x.mp4', "it's \"quoted\".mp4",
    'a[1]*?.mp4', '{x}.mp4', 'UPPER.MP4'])
def test_names(tmp_path, name):
    write_clip(tmp_path / 'plain.mp4', numbers=range(5))
    (tmp_path / 'plain.mp4').rename(tmp_path / name)
    check(tmp_path / name, range(5))


@pytest.mark.parametrize('first,last', [(0, 17), (10, 29), (14, 22), (3, 3)])
@pytest.mark.parametrize('name', ['b_frames.mp4', 'open_gop.mp4',
                                  'hevc.mp4', 'plain.mp4'])
def test_a_cut_without_encoding_shows_what_was_cut_out(
        tmp_path, name, first, last):
    source = write(tmp_path, name)
    check(tmp_path / 'cut.mp4',
          cut(source, tmp_path / 'cut.mp4', first, last))


@pytest.mark.parametrize('name', ['b_frames.mp4', 'hevc.mp4', 'mpeg4.mp4'])
def test_frames_behind_the_visible_end_are_not_counted(tmp_path, name):
    path = write(tmp_path, name)
    show_less(path, 18)
    check(path, range(18))


def test_a_cut_transport_stream_shows_no_frame_twice(tmp_path):
    source = write_clip(tmp_path / 'b.ts', options=MEDIUM, numbers=range(60))
    data = source.read_bytes()
    packets = len(data) // 188
    piece = tmp_path / 'piece.ts'
    piece.write_bytes(data[packets // 3 * 188:packets // 3 * 2 * 188])
    reader = VideoReader(piece)
    numbers = [number_in(frame.rgb()) for frame in reader.frames()]
    assert 5 < len(numbers) < 60
    # At the end some are missing that were decoded after later ones.
    assert numbers == sorted(set(numbers))
    assert [number_in(image) for image in reader.get_frames([4, 0])
            ] == [numbers[4], numbers[0]]


@pytest.mark.parametrize('matrix,seen', [
    ((1, 0, 0, 1), lambda image: image),
    ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),  # a phone, upright
    ((-1, 0, 0, -1), lambda image: image[::-1, ::-1]),
    ((0, -1, 1, 0), np.rot90),
    ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
])
def test_turned_clips(tmp_path, matrix, seen):
    path = write_clip(tmp_path / 'a.mp4', numbers=[23, 10])
    (before, _) = VideoReader(path).get_frames([0, 1])
    turn(path, matrix)
    (after, ) = VideoReader(path).get_frames([0])
    assert np.array_equal(after, seen(before))
    (frame, _) = VideoReader(path).frames()
    assert after.shape[:2] == frame.shape
    small = frame.rgb((frame.shape[0] // 2, frame.shape[1] // 2))
    assert small.shape[:2] == (frame.shape[0] // 2, frame.shape[1] // 2)
    shrunk = after[::2, ::2].astype(int)
    assert abs(shrunk - small).mean() < 10


def test_frames_keep_the_size_of_the_first(tmp_path):
    # Broadcasts and conferences change their resolution.
    first = write_clip(tmp_path / 'a.ts', numbers=range(5))
    second = write_clip(tmp_path / 'b.ts', numbers=range(5), size=(192, 128))
    both = tmp_path / 'both.ts'
    both.write_bytes(first.read_bytes() + second.read_bytes())
    images = [frame.rgb() for frame in VideoReader(both).frames()]
    assert {image.shape for image in images} == {(64, 96, 3)}
    assert [number_in(image) for image in images] == [*range(5), *range(5)]


def test_times_say_how_long_a_frame_is_shown(tmp_path):
    path = write_clip(tmp_path / 'v.mp4', **CLIPS['variable_rate.mp4'])
    frames = list(VideoReader(path).frames())
    places = np.array([0, 1, 2, 5, 6, 10, 11, 20, 21, 22]) / 25
    assert np.allclose([frame.time for frame in frames], places)
    assert frames[-1].end == pytest.approx(23 / 25)


# ------------------------------------------------------------- broken files


def fails(path, *words) -> str:
    """Check that a file is refused in one line that names it."""
    with pytest.raises((VideoError, FileNotFoundError)) as caught:
        for _ in VideoReader(path).frames():
            pass
    text = str(caught.value)
    assert str(path) in text and '\n' not in text
    for word in words:
        assert word in text
    return text


@pytest.mark.parametrize('name', [
    'plain.mp4', 'fast_start.mp4', 'fragments.mp4', 'av1.mp4', 'h264.mov',
    'h264.mkv', 'vp9.webm', 'mpeg4.avi', 'h264.flv', 'flat.gif', 'apple.m4v'])
@pytest.mark.parametrize('share', [.3, .95])
def test_cut_off_downloads(tmp_path, name, share):
    path = write(tmp_path, name)
    data = path.read_bytes()
    path.write_bytes(data[:int(len(data) * share)])
    if (name, share) == ('mpeg4.avi', .95):  # of its index, not of its frames
        check(path, range(30))
    else:
        fails(path)


@pytest.mark.parametrize('content,word', [
    (b'', 'empty'),
    (b'<!DOCTYPE html><html><body>404</body></html>', '<!DOCTYPE html>'),
    (b'\n\n<html>\r\n<head></head>\r\n</html>', '<html>'),
    (b'{"error": "quota exceeded"}', 'quota'),
    (b'version https://git-lfs.github.com/spec/v1\noid sha256:1\n', 'git-lfs'),
    (b'\xef\xbb\xbfNot Found', 'Not Found'),
    (b'#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.ts\n', '#EXTM3U'),
    (b"ffconcat version 1.0\nfile 'other.mp4'\n", 'ffconcat'),
    (b'\0' * 5000, 'cannot be decoded'),
    (bytes(np.random.default_rng(0).integers(0, 256, 5000, np.uint8)),
     'cannot be decoded'),
    (b'\x89PNG\r\n\x1a\n' + b'\0' * 100, 'cannot be decoded'),
    (b'PK\x03\x04' + b'\0' * 100, 'cannot be decoded'),
    (b'\x1f\x8b\x08\x00' + b'\0' * 100, 'cannot be decoded'),
    (b'RIFF\0\0\0\0AVI LIST', 'cannot be decoded'),
    (b'GIF89a', 'GIF'),
])
def test_what_is_no_video(tmp_path, content, word):
    (tmp_path / 'video7.mp4').write_bytes(content)
    fails(tmp_path / 'video7.mp4', word)


def test_a_list_of_other_files_is_not_followed(tmp_path):
    # Bytes before the first line hide from the check that it is a text.
    write_clip(tmp_path / 'other.ts')
    for text in ('#EXTM3U\n#EXTINF:9,\nother.ts\n#EXT-X-ENDLIST\n',
                 "ffconcat version 1.0\nfile 'other.ts'\n"):
        path = tmp_path / 'list.m3u8'
        path.write_bytes(text.encode() + b'# \0\x01\n')
        fails(path)


def test_sound_alone(tmp_path):
    write_clip(tmp_path / 'both.mkv', sound='aac')
    with av.open(str(tmp_path / 'both.mkv')) as old, av.open(
            str(tmp_path / 'sound.mp4'), 'w') as new:
        stream = old.streams.audio[0]
        copy = like(new, stream)
        for packet in old.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                new.mux(packet)
    fails(tmp_path / 'sound.mp4', 'only audio')


def test_no_such_file_and_a_folder(tmp_path):
    fails(tmp_path / 'none.mp4', 'there is no such video')
    fails(tmp_path, 'there is no such video')


def test_damaged_in_the_middle(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', 'mpeg4', range(60), size=(384, 256))
    data = bytearray(path.read_bytes())
    middle = data.index(b'moov') // 2
    noise = np.random.default_rng(0).integers(0, 256, 3000, np.uint8)
    data[middle:middle + 3000] = bytes(noise)
    path.write_bytes(data)
    fails(path, 'mpeg4')


def test_frames_that_are_not_there(tmp_path):
    reader = VideoReader(write_clip(tmp_path / 'a.mp4', numbers=range(5)))
    for index in (5, -1):
        with pytest.raises(IndexError, match='has the frames 0 to 4'):
            reader.get_frames([index])
    assert reader.get_frames([]) == []


def test_names_that_are_not_utf8(tmp_path):
    write_clip(tmp_path / 'a.mp4', numbers=range(5))
    name = os.fsencode(tmp_path) + b'/caf\xe9.mp4'
    shutil.copy(tmp_path / 'a.mp4', name)
    reader = VideoReader(os.fsdecode(name))
    assert [number_in(frame.rgb()) for frame in reader.frames()
            ] == list(range(5))


@pytest.mark.parametrize('name', ['av1.mp4', 'mpeg4_b.avi', 'b_frames.ts',
                                  'flat.gif'])
def test_in_a_pipeline(tmp_path, name):
    path = write(tmp_path, name)
    results = Compose([
        dict(type='VideoInit'),
        dict(type='SampleFramesEvenly', clip_len=5),
        dict(type='VideoDecode')
    ])(dict(filename=str(path)))
    assert [number_in(image) for image in results['imgs']
            ] == [5, 10, 15, 20, 25]
    assert results['img_shape'] == (64, 96)
    assert results['total_frames'] == 30
    assert results['avg_fps'] == pytest.approx(25, rel=.1)


def test_packets_copied_into_another_container(tmp_path):
    source = write_clip(tmp_path / 'a.mp4', options=MEDIUM)
    for name in ('a.mkv', 'a.ts', 'a.mov', 'a.flv'):
        check(copy_packets(source, tmp_path / name), range(30))
