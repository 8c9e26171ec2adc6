"""Clips of all kinds whose frames carry their number.

A frame is 96 x 64: eight cells, dark or bright, are the bits of its number.
"""
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Optional, Sequence

import av
import numpy as np

WIDTH, HEIGHT, RATE = 96, 64, 25


def picture(number: int, width: int = WIDTH,
            height: int = HEIGHT) -> np.ndarray:
    """Draw a number, (H, W, 3) uint8."""
    bits = np.array([number >> i & 1 for i in range(8)]).reshape(2, 4)
    rows = np.arange(height) * 2 // height
    columns = np.arange(width) * 4 // width
    grey = np.where(bits[rows][:, columns], 220, 35)
    return np.repeat(grey[:, :, None], 3, 2).astype(np.uint8)


def number_in(image: np.ndarray) -> int:
    """Read the number of a picture."""
    height, width, _ = image.shape
    cells = [
        image[(2 * row + 1) * height // 4, (2 * column + 1) * width // 8]
        for row in range(2) for column in range(4)
    ]
    return sum(int(cell.mean() > 128) << i for i, cell in enumerate(cells))


def write_clip(path: Path,
               codec: str = 'libx264',
               numbers: Iterable[int] = range(30),
               pix_fmt: str = 'yuv420p',
               options: Optional[Dict[str, str]] = None,
               container: Optional[str] = None,
               size: Sequence[int] = (WIDTH, HEIGHT),
               rate: int = RATE,
               times: Optional[Sequence[int]] = None,
               sound: Optional[str] = None,
               **container_options: str) -> Path:
    """Write a clip that shows numbers, one after the other."""
    width, height = size
    with av.open(str(path), 'w', format=container,
                 options=container_options) as file:
        video = file.add_stream(codec, rate=rate, options=options or {})
        video.width, video.height = width, height
        video.pix_fmt = pix_fmt
        if codec == 'libx264':
            video.options = dict(dict(preset='ultrafast', crf='12'),
                                 **options or {})
        audio = sound and file.add_stream(sound, rate=48000)
        if audio:
            audio.layout = 'mono'
        for place, number in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(
                picture(number, width, height), format='rgb24')
            if times is not None:
                frame.pts = times[place]
            for packet in video.encode(frame):
                file.mux(packet)
            if audio:
                _add_silence(file, audio, place)
        for stream in filter(None, (video, audio)):
            for packet in stream.encode():
                file.mux(packet)
    return path


def _add_silence(file, audio, place: int) -> None:
    # In frames of any length, 1920 samples per picture.
    samples = av.AudioFrame.from_ndarray(
        np.zeros((1, 1920), np.float32), format='fltp', layout='mono')
    samples.sample_rate = 48000
    samples.pts = 1920 * place
    for packet in audio.encode(samples):
        file.mux(packet)


def copy_packets(source: Path,
                 target: Path,
                 keep: Callable[[av.Packet], bool] = lambda packet: True,
                 start: float = 0,
                 container: Optional[str] = None,
                 **options: str) -> Path:
    """Copy a video stream without encoding it, times moved by ``start``."""
    with av.open(str(source)) as old, av.open(
            str(target), 'w', format=container, options=options) as new:
        stream = old.streams.video[0]
        copy = like(new, stream)
        shift = round(start / stream.time_base)
        for packet in old.demux(stream):
            if packet.dts is None or not keep(packet):
                continue
            packet.pts -= shift
            packet.dts -= shift
            packet.stream = copy
            new.mux(packet)
    return target


def like(container: av.container.OutputContainer, stream: av.stream.Stream):
    """Add a stream of the same kind."""
    if hasattr(container, 'add_stream_from_template'):  # PyAV 14
        # Otherwise 14.2 writes an encoder's header before the packets.
        return container.add_stream_from_template(stream, opaque=True)
    return container.add_stream(template=stream)


def cut(source: Path, target: Path, first: int, last: int) -> List[int]:
    """Cut as ``ffmpeg -ss -to -c copy`` does.

    It begins at the key frame before, hides what is before ``first``, and
    ends where a frame would be decoded after ``last``.

    Returns:
        list[int]: The numbers of the frames that are shown.
    """
    with av.open(str(source)) as file:
        packets = [(_place(packet.dts, packet), _place(packet.pts, packet),
                    packet.is_keyframe)
                   for packet in file.demux(video=0) if packet.size]
    before = max(dts for dts, pts, is_key in packets
                 if is_key and pts <= first)
    copy_packets(
        source, target,
        lambda packet: before <= _place(packet.dts, packet) <= last,
        first / RATE)
    return sorted(pts for dts, pts, _ in packets
                  if before <= dts <= last and pts >= first)


def _place(time: int, packet: av.Packet) -> int:
    return round(time * packet.time_base * RATE)


def show_less(path: Path, frames: int) -> None:
    """Let the edit list of an mp4 end after some frames."""
    data = bytearray(path.read_bytes())
    (scale, ) = np.frombuffer(
        data, '>u4', 1, data.index(b'mvhd') + 16).tolist()
    place = data.index(b'elst') + 12
    data[place:place + 4] = (frames * scale // RATE).to_bytes(4, 'big')
    path.write_bytes(data)


def turn(path: Path, matrix: Sequence[int]) -> None:
    """Write a display matrix (a, b, c, d) into an mp4 file."""
    a, b, c, d = (65536 * entry for entry in matrix)
    data = bytearray(path.read_bytes())
    place = data.index(b'tkhd') + 44
    data[place:place + 36] = np.array(
        [a, b, 0, c, d, 0, 0, 0, 1 << 30], '>i4').tobytes()
    path.write_bytes(data)
