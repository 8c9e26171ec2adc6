"""Video files: which frames they show, and the pixels of those.

Everything is read by PyAV, which brings a current FFmpeg. Decord 0.6 knows no
AV1, and returns other frames than it was asked for, without a word, where
groups of pictures are open (the default of x265), B frames are in an AVI, or
a cut was made without encoding (tests/datasets/odd_clips.py makes such files).
"""
import bisect
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np

from .container_checks import (
    VideoError,
    check_beginning,
    check_matroska_segment,
    count_gif_frames,
)

# Containers that are opened. Others that FFmpeg knows are lists of further
# addresses (HLS, SDP, concat), text that is drawn as a picture, or sound.
_CONTAINERS = (
    'mov', 'matroska', 'avi', 'gif', 'mpegts', 'mpeg', 'mpegvideo', 'flv',
    'asf', 'ogg', 'm4v', 'h261', 'h263', 'h264', 'hevc', 'vvc', 'obu', 'av1',
    'ivf', 'mjpeg', 'mxf', 'nut', 'dv', 'rm', 'apng', 'wtv', 'dirac', 'amv',
    'gxf')
# Containers in which each packet has the time at which its frame is shown.
_TIMED = ('mov', 'matroska')


class Frame:
    """A decoded frame, which becomes an array when it is asked for.

    Attributes:
        time (float): When it is shown, seconds, on the clock of the file.
        end (float): When it is shown no longer, as far as the file says.
    """

    def __init__(self, frame: Any, time: float, duration: float,
                 shape: Tuple[int, int]) -> None:
        self.time = time
        self.end = time + duration
        self._frame = frame
        self._shape = shape
        self._matrix = _display_matrix(frame)

    @property
    def shape(self) -> Tuple[int, int]:
        """tuple[int, int]: Height and width as shown, pixels."""
        height, width = self._shape
        return (width, height) if self._transposed else (height, width)

    @property
    def _transposed(self) -> bool:
        return self._matrix is not None and not self._matrix[0, 0]

    def rgb(self, shape: Optional[Tuple[int, int]] = None) -> np.ndarray:
        """Convert to RGB, turned as the file asks for.

        Args:
            shape (tuple[int, int], optional): Height and width to scale to
                (bicubic). Defaults to None: those of the video.

        Returns:
            np.ndarray: (H, W, 3), uint8.
        """
        height, width = shape or self.shape
        if self._transposed:
            height, width = width, height
        options = dict(interpolation='BICUBIC') if shape else {}
        image = self._frame.to_ndarray(
            format='rgb24', width=width, height=height, **options,
            **_one_thread())
        if self._matrix is None:
            return image
        # x' = x a + y c, y' = x b + y d
        (a, b), (c, d) = self._matrix
        if self._transposed:
            image = image.transpose(1, 0, 2)
        return np.ascontiguousarray(
            image[::-1 if b + d < 0 else 1, ::-1 if a + c < 0 else 1])


@lru_cache(maxsize=None)
def _one_thread() -> Dict[str, int]:
    # PyAV 17 and later start a thread per core for every frame otherwise, and
    # there are several processes that decode.
    import av
    return dict(threads=1) if int(av.__version__.split('.')[0]) >= 17 else {}


class VideoReader:
    """The frames that a video file shows, in the order of their times.

    Those are the frames that ``ffmpeg`` writes with ``-fps_mode
    passthrough``: without what a cut (edit list) hides, turned as the file
    says, all of the size of the first one.

    Opening reads the packets, and in containers without times per packet
    decodes them once, so that ``len(reader)`` is the number of frames and not
    what the header says.

    Args:
        path (str | Path): The file; its ending plays no role.

    Attributes:
        path (str): The file.
        codec (str): Name of the codec, such as ``'h264'``.
        fps (float): Mean number of frames per second.

    Raises:
        FileNotFoundError: If there is no such file.
        VideoError: If it is empty, no video, cut off, or cannot be decoded.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = str(path)
        self.codec = ''
        self._times: Optional[List[float]] = None
        check_beginning(self.path)
        with self._open() as (container, stream):
            kind = container.format.name.split(',')[0]
            rate = stream.average_rate or stream.guessed_rate
            self.fps = float(rate or 25)
            packets = list(self._packets(container, stream, kind))
        self._durations = {packet.pts: packet.duration for packet in packets}
        if kind == 'matroska':
            check_matroska_segment(self.path)
        self._packet_index = _PacketIndex(packets) if (
            kind in _TIMED and 'vp8' not in self.codec) else None
        if self._packet_index and self._packet_index.exact:
            self._length = len(self._packet_index)
        else:
            # VP8 has packets whose frames are never shown.
            self._packet_index = None
            self._length = sum(1 for _ in self._decode())
        if kind == 'avi' and len(packets) == self._length:
            # Its packets have the times at which they are decoded, so that
            # those of frames are out of order where there are B frames.
            self._times = sorted(packet.time for packet in packets)
        if kind == 'gif':
            self._check_gif()
        if not self._length:
            raise VideoError(f'{self.path}: the video (codec {self.codec}) '
                             'has no frame. Fetch or encode it again.')

    def __len__(self) -> int:
        return self._length

    def frames(self) -> Iterator[Frame]:
        """Decode the whole file.

        Yields:
            Frame: One after the other.

        Raises:
            VideoError: If a part of the file cannot be decoded.
        """
        count = 0
        for frame in self._decode():
            count += 1
            yield frame
        if count != self._length:
            raise VideoError(
                f'{self.path}: only {count} of the {self._length} frames '
                f'(codec {self.codec}) can be decoded: the file is cut off '
                'or damaged. Fetch or encode it again.')

    def get_frames(self, indices: Sequence[int]) -> List[np.ndarray]:
        """Decode some frames.

        Args:
            indices (Sequence[int]): Which, 0 to ``len(self) - 1``, in any
                order, also several times.

        Returns:
            list[np.ndarray]: RGB, (H, W, 3), uint8, in the order of
            ``indices``.

        Raises:
            IndexError: If there is no such frame.
            VideoError: If a frame cannot be decoded.
        """
        wanted = sorted({int(index) for index in indices})
        if wanted and not 0 <= wanted[0] <= wanted[-1] < self._length:
            raise IndexError(
                f'{self.path}: has the frames 0 to {self._length - 1}, but '
                f'the frames {wanted} were asked for.')
        images = self._sought(wanted) if self._packet_index else None
        if images is None:
            images = self._counted(wanted)
        return [images[int(index)] for index in indices]

    # ------------------------------------------------------------ decoding

    def _counted(self, wanted: List[int]) -> Dict[int, np.ndarray]:
        """Decode from the beginning to the last frame that is needed."""
        images = {}
        frames = self.frames()
        for index, frame in enumerate(frames):
            if index in wanted:
                images[index] = frame.rgb()
            if index == wanted[-1]:
                frames.close()
                break
        return images

    def _sought(self, wanted: List[int]) -> Optional[Dict[int, np.ndarray]]:
        """Decode from the key frames before those that are needed.

        Returns:
            dict[int, np.ndarray], optional: None if a frame did not come up
            at its time.
        """
        images = {}
        with self._open() as (container, stream):
            place, shape, frames = None, None, iter(())
            for index in wanted:
                time, key = self._packet_index.locate(index)
                if key is None:
                    return None
                if place is None or key.pts > place:
                    container.seek(key.seek_to, stream=stream)
                    frames = container.decode(stream)
                for frame in frames:
                    shape = shape or (frame.height, frame.width)
                    place = frame.pts
                    if place is None or place >= time:
                        break
                if place != time:
                    return None
                images[index] = Frame(frame, 0, 0, shape).rgb()
        return images

    def _decode(self) -> Iterator[Frame]:
        with self._open() as (container, stream):
            shape = None
            for number, frame in enumerate(container.decode(stream)):
                shape = shape or (frame.height, frame.width)
                time = frame.time
                if self._times is not None:
                    time = self._times[number]
                elif time is None:
                    time = number / self.fps
                length = self._durations.get(frame.pts) or 1 / self.fps
                yield Frame(frame, time, length, shape)

    def _packets(self, container: Any, stream: Any,
                 kind: str) -> Iterator['_Packet']:
        number = 0
        for packet in container.demux(stream):
            if not packet.size:
                continue
            if packet.is_corrupt and kind != 'mpegts':
                raise VideoError(
                    f'{self.path}: the file is cut off or damaged after '
                    f'{number} frames (codec {self.codec}). Fetch or encode '
                    'it again.')
            number += 1
            yield _Packet(packet)

    @contextmanager
    def _open(self) -> Iterator[Tuple[Any, Any]]:
        import av

        # Names in other encodings than UTF-8; PyAV 19 needs no option.
        tolerant = {} if int(av.__version__.split('.')[0]) >= 19 else dict(
            metadata_errors='replace')
        try:
            with av.open(
                    f'file:{self.path}',
                    **tolerant,
                    container_options=dict(
                        protocol_whitelist='file',
                        format_whitelist=','.join(_CONTAINERS))
            ) as container:
                stream = _best_stream(container)
                if stream is None:
                    raise VideoError(
                        f'{self.path}: must be a video, but has no picture, '
                        f'only {_streams_in(container)}.')
                if stream.codec_context is None:
                    raise VideoError(
                        f'{self.path}: the video cannot be decoded, since '
                        'PyAV has no decoder for its codec. Encode it '
                        'again, as H.264 for example.')
                self.codec = _codec_name(stream)
                stream.codec_context.thread_count = 1
                yield container, stream
        except (av.error.FFmpegError, UnicodeError) as error:
            codec = f'codec {self.codec}: ' if self.codec else ''
            raise VideoError(
                f'{self.path}: the video cannot be decoded ({codec}'
                f'{_reason(error)}). It is cut off, damaged, or no video; '
                'fetch or encode it again.') from None

    def _check_gif(self) -> None:
        try:
            count = count_gif_frames(Path(self.path).read_bytes())
        except ValueError as error:
            raise VideoError(f'{self.path}: the file is no whole GIF: '
                             f'{error}. Fetch it again.') from None
        if count != self._length:
            raise VideoError(
                f'{self.path}: only {self._length} of the {count} frames of '
                'this GIF can be decoded. Fetch it again.')


class _Packet:
    """What is needed of a packet, without its data."""

    def __init__(self, packet: Any) -> None:
        self.pts = packet.pts
        self.seek_to = packet.pts if packet.dts is None else packet.dts
        self.time = float((self.seek_to or 0) * packet.time_base)
        self.duration = float((packet.duration or 0) * packet.time_base)
        self.is_key = packet.is_keyframe
        self.is_hidden = packet.is_discard


class _PacketIndex:
    """Which packet holds which frame, by the times of the packets."""

    def __init__(self, packets: List[_Packet]) -> None:
        self.exact = all(packet.pts is not None for packet in packets)
        if not self.exact:
            return
        packets = sorted(packets, key=lambda packet: packet.pts)
        self._times = [
            packet.pts for packet in packets if not packet.is_hidden
        ]
        self._keys = [packet for packet in packets if packet.is_key]
        self._key_times = [packet.pts for packet in self._keys]
        # Two frames at one time cannot be told apart.
        self.exact = len(set(self._times)) == len(self._times)

    def __len__(self) -> int:
        return len(self._times)

    def locate(self, index: int) -> Tuple[int, Optional[_Packet]]:
        """Give the time of a frame and the key frame to start from."""
        time = self._times[index]
        place = bisect.bisect_right(self._key_times, time)
        return time, self._keys[place - 1] if place else None


def _best_stream(container: Any) -> Any:
    """Choose the stream that players show, not the picture of a cover."""
    streams = sorted(
        container.streams.video,
        key=lambda stream: stream.codec_context is None or
        stream.codec_context.name in ('mjpeg', 'png'))
    return streams[0] if streams else None


def _streams_in(container: Any) -> str:
    kinds = sorted({stream.type for stream in container.streams})
    return ', '.join(kinds) or 'nothing'


def _codec_name(stream: Any) -> str:
    name = stream.codec_context.name
    return {'libdav1d': 'av1', 'libaom-av1': 'av1'}.get(name, name)


def _display_matrix(frame: Any) -> Optional[np.ndarray]:
    """Read how a frame is to be turned, None if it is not.

    Returns:
        np.ndarray, optional: (2, 2), with one 1 or -1 per row and column:
        rows are where the axes x and y of the coded frame point.
    """
    data = _side_data(frame)
    if data is None:
        return None
    matrix = np.frombuffer(bytes(data)[:36], np.int32).reshape(3, 3)
    turn = np.sign(matrix[:2, :2] * (abs(matrix[:2, :2]) > 2**15))
    if not (abs(turn).sum(0) == 1).all() or (abs(turn).sum(1) != 1).any():
        return None
    return None if (turn == np.eye(2)).all() else turn


def _side_data(frame: Any) -> Any:
    from av.sidedata.sidedata import Type
    return frame.side_data.get(Type.DISPLAYMATRIX)


def _reason(error: Exception) -> str:
    return getattr(error, 'strerror', None) or str(error)
