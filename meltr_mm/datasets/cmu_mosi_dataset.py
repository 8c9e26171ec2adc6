"""CMU-MOSI in the form of MMSA's pickles."""
from typing import List

import torch
from mmaction.registry import DATASETS

from ..check_options import check_choice
from .feature_dataset import (
    FeatureDataset,
    finite_number,
    nonempty_text,
    number_videos,
    parallel_lists,
    require_keys,
)
from .safe_pickle import load_video_table

SPLITS = ('train', 'valid', 'test')
LARGEST = 3.  # of the ratings, both ways


@DATASETS.register_module()
class CMUMOSIDataset(FeatureDataset):
    """Utterances with transcript and sentiment.

    File: ``unaligned_50.pkl`` or ``aligned_50.pkl`` of MMSA, a dict with the
    keys ``train``, ``valid`` and ``test``, each a dict of which ``id``,
    ``raw_text`` and ``regression_labels`` are read. Its 20 facial features
    per frame are not what UniVL takes: S3D features come from a pickle
    ``{id: (T, 1024)}``.

    Each sample holds ``video_id`` and ``feature_id`` (the id), ``text``
    (str), ``sentiment`` (Tensor (1,), float32) and ``video_index`` (int).

    Args:
        ann_file (str): The pickle, relative to ``data_root``.
        split (str): ``'train'``, ``'valid'`` or ``'test'``.
        **kwargs: See :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: For a missing folder or file.
        ForeignClassError: If the pickle holds more than plain data.
        ValueError: For malformed content; the message names the place.
    """

    METAINFO = dict(dataset_type='cmu_mosi', task_name='sentiment')

    def __init__(self, ann_file: str, split: str, **kwargs) -> None:
        check_choice('split', split, SPLITS)
        self.split = split
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the annotations of one split.

        Returns:
            list[dict]: One dict per utterance, see the class.
        """
        table = load_video_table(self.ann_file)
        require_keys(table, list(SPLITS), self.ann_file)
        part, where = table[self.split], f'{self.ann_file}, {self.split!r}'
        lists = parallel_lists(
            part, ['id', 'raw_text', 'regression_labels'], where)
        samples = []
        for row, (name, text, label) in enumerate(
                zip(*lists.values(), strict=True)):
            place = f'{where} row {row}'
            name = nonempty_text(name, f'{place}, `id`')
            label = finite_number(label, f'{place}, `regression_labels`')
            if abs(label) > LARGEST:
                raise ValueError(
                    f'{place}: the rating must lie between -{LARGEST} and '
                    f'{LARGEST}, but is {label}.')
            samples.append(
                dict(
                    video_id=name,
                    feature_id=name,
                    text=nonempty_text(text, f'{place}, `raw_text`'),
                    sentiment=torch.tensor([label])))
        return number_videos(samples)
