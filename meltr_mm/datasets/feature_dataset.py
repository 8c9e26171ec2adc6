"""Datasets whose videos are rows of a feature file."""
import os.path as osp
from typing import Any, List

from mmengine.dataset.base_dataset import force_full_init

from .strict_video_dataset import StrictVideoDataset

ENCODER_TEXTS = ('caption', 'transcript')


class FeatureDataset(StrictVideoDataset):
    """Text-video pairs; :class:`LoadVideoFeatures` finds the video.

    Each sample holds ``video_id`` and ``feature_id`` (str), the text that
    the encoder reads, ``text`` (str), and where the data set has captions,
    ``caption`` (str) and ``references`` (list[str]).

    For retrieval text i belongs to video i.
    """

    @property
    @force_full_init
    def num_texts(self) -> int:
        """int: Number of texts to rank."""
        return len(self)

    @property
    @force_full_init
    def num_videos(self) -> int:
        """int: Number of videos, or clips, to rank."""
        return len(self)

    def _in_root(self, path: str) -> str:
        return path if osp.isabs(path) else osp.join(self.data_root, path)


def check_encoder_text(encoder_text: str) -> None:
    """Check which text the encoder shall read.

    Args:
        encoder_text (str): What a config says.

    Raises:
        ValueError: If it is none of ``'caption'`` and ``'transcript'``.
    """
    if encoder_text not in ENCODER_TEXTS:
        raise ValueError(f'`encoder_text` must be one of {ENCODER_TEXTS}, '
                         f'but got {encoder_text!r}.')


def nonempty_text(value: Any, where: str) -> str:
    """Check a caption.

    Args:
        value (Any): What stands there.
        where (str): File and place, for the message.

    Returns:
        str: The text.

    Raises:
        ValueError: If it is no text, or an empty one.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError(
            f'{where}: must be a text that is not empty, but is {value!r}. '
            'Add it, or take the item out.')
    return str(value)


def require_keys(item: Any, keys: List[str], where: str) -> None:
    """Check that a dict of an annotation file is complete.

    Args:
        item (Any): The dict.
        keys (list[str]): What must be in it.
        where (str): File and place, for the message.

    Raises:
        ValueError: Naming the first key that is missing.
    """
    if not isinstance(item, dict):
        raise ValueError(
            f'{where}: must be a dict, but is a {type(item).__name__}.')
    for key in keys:
        if key not in item:
            raise ValueError(f'{where}: the key {key!r} is missing; there '
                             f'are {sorted(map(str, item))[:10]}.')
