"""Datasets whose videos are rows of a feature file."""
import math
import os.path as osp
import reprlib
from typing import Any, Dict, List, Sequence

import numpy as np
from mmengine.dataset.base_dataset import force_full_init

from ..check_options import check_choice
from .strict_video_dataset import StrictVideoDataset

ENCODER_TEXTS = ('caption', 'transcript')


class FeatureDataset(StrictVideoDataset):
    """Text-video pairs; :class:`LoadVideoFeatures` finds the video.

    Each sample holds ``video_id`` and ``feature_id`` (str), the text that
    the encoder reads, ``text`` (str), and where the data set has captions,
    ``caption`` (str), ``references`` (list[str]) and ``video_index`` (int).

    For retrieval, samples of the same ``video_index`` are texts of one video,
    or clip; see :class:`~meltr_mm.models.layers.Gallery`.
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
    check_choice('encoder_text', encoder_text, ENCODER_TEXTS)


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


def parallel_lists(item: Any, fields: List[str],
                   where: str) -> Dict[str, Sequence]:
    """Check lists of which each entry belongs to one sample.

    Args:
        item (Any): The dict that has them.
        fields (list[str]): Their keys.
        where (str): File and place, for the message.

    Returns:
        dict[str, Sequence]: The lists, or arrays with one axis, by key.

    Raises:
        ValueError: If one is missing, is no list, or they differ in length.
    """
    require_keys(item, fields, where)
    for field in fields:
        value = item[field]
        if not isinstance(value, (list, tuple)) and not (
                isinstance(value, np.ndarray) and value.ndim == 1):
            raise ValueError(
                f'{where}, `{field}`: must be a list, or an array with one '
                f'axis, but is {reprlib.repr(value)}. Write the file again.')
    lengths = {field: len(item[field]) for field in fields}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f'{where}: the lists must be equally long, one entry per sample, '
            f'but have the lengths {lengths}.')
    return {field: item[field] for field in fields}


def finite_number(value: Any, where: str) -> float:
    """Check a number.

    Args:
        value (Any): What stands there.
        where (str): File and place, for the message.

    Returns:
        float: The number.

    Raises:
        ValueError: If it is none, or not finite.
    """
    is_number = isinstance(value, (int, float, np.integer, np.floating))
    try:
        # An integer may be too large for a float.
        if is_number and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:
        pass
    raise ValueError(f'{where}: must be a finite number, but is '
                     f'{reprlib.repr(value)}. Correct it.')
