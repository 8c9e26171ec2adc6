"""Encoding frames as a video file."""
import numpy as np
from PIL import Image

_INSTALL = 'pip install av'


def write_mp4(path: str, frames: np.ndarray, fps: int) -> None:
    """Encode frames as H.264 in an mp4 file.

    The quality is high enough (constant rate factor 17) that colours and
    edges survive; one thread, so that a run gives the same file again.

    Args:
        path (str): The file to write.
        frames (np.ndarray): RGB (T, H, W, 3), uint8; H and W even.
        fps (int): Frames per second.

    Raises:
        ImportError: If PyAV is not installed.
    """
    try:
        import av
    except ImportError:
        raise ImportError('Writing the toy videos needs PyAV. Run '
                          f'`{_INSTALL}`.') from None
    with av.open(path, 'w') as container:
        # From the preset 'veryfast' up, one file in ten differs from run to
        # run (measured with x264 of PyAV 18): its assembly for small frames.
        stream = container.add_stream(
            'libx264', rate=fps, options=dict(crf='17', preset='ultrafast'))
        stream.codec_context.thread_count = 1
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = 'yuv420p'
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format='rgb24')
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def write_gif(path: str, frames: np.ndarray, fps: int) -> None:
    """Write frames as an animated GIF.

    One palette for all frames, without dithering, so that plain colours stay
    plain. A frame that repeats the one before is merged with it.

    Args:
        path (str): The file to write.
        frames (np.ndarray): RGB (T, H, W, 3), uint8.
        fps (int): Frames per second, rounded to whole hundredths of seconds.
    """
    pictures = [Image.fromarray(frame) for frame in frames]
    palette = Image.fromarray(np.concatenate(frames)).quantize(255)
    pictures = [
        picture.quantize(palette=palette, dither=Image.Dither.NONE)
        for picture in pictures
    ]
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=round(100 / fps) * 10,
        loop=0,
        optimize=False)
