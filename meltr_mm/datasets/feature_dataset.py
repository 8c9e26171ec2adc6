"""Datasets whose videos are rows of a feature file."""
import os.path as osp
from typing import Any, Dict, List

from mmengine.dataset.base_dataset import force_full_init

from .strict_video_dataset import StrictVideoDataset

ENCODER_TEXTS = ('caption', 'transcript')


class FeatureDataset(StrictVideoDataset):
    """Text-video pairs; :class:`LoadVideoFeatures` finds the video.

    Each sample holds ``video_id`` and ``feature_id`` (str), the text that
    the encoder reads, ``text`` (str), and where the data set has captions,
    ``caption`` (str), ``references`` (list[str]) and ``video_index`` (int).

    For retrieval, samples of the same ``video_index`` are texts of one video,
    or clip; see :meth:`UniVLRetrieval.predict_all`.
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
        infos = map(self.get_data_info, range(len(self)))
        return len({info['video_index'] for info in infos})

    def _in_root(self, path: str) -> str:
        return path if osp.isabs(path) else osp.join(self.data_root, path)


def number_videos(samples: List[dict]) -> List[dict]:
    """Number the videos of samples in the order in which they appear.

    Args:
        samples (list[dict]): With ``video_id`` and, where the sample is a
            clip of it, ``clip``. ``video_index`` is added.

    Returns:
        list[dict]: The same list.
    """
    numbers: Dict[tuple, int] = {}
    for sample in samples:
        key = sample['video_id'], sample.get('clip')
        sample['video_index'] = numbers.setdefault(key, len(numbers))
    return samples


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
