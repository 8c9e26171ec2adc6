"""MSRVTT's captions as multiple choice."""
from typing import List

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset.base_dataset import force_full_init

from ..check_options import check_whole
from .msrvtt_list_dataset import MSRVTTListDataset


@DATASETS.register_module()
class MSRVTTDrawnChoiceDataset(MSRVTTListDataset):
    """The videos of a list, each with several captions, one its own.

    MSRVTT multiple choice has a test file only. This makes the same task of
    the captions of any list of videos, for training: the other captions are
    those of other videos, and the place of the right one is drawn, too. Every
    time they are new, drawn by numpy's global generator; with ``test_mode``
    they are always the same.

    Each sample holds what :class:`MSRVTTListDataset` says, ``options`` (list
    of str), ``label`` (list of one int, the place of the right one),
    ``answer`` (str, the right one), and ``question_id`` (int, the row).

    Args:
        *args: See :class:`MSRVTTListDataset`.
        num_options (int): Captions of a sample. Defaults to 5.
        **kwargs: See :class:`MSRVTTListDataset`.

    Raises:
        ValueError: Also if the videos have too few different captions.

    Example:
        >>> dict(
        ...     type='MSRVTTDrawnChoiceDataset',
        ...     data_root='data/msrvtt',
        ...     ann_file='MSR_VTT.json',
        ...     list_file='train_list_7k.txt',
        ...     pipeline=train_pipeline)
    """

    METAINFO = dict(dataset_type='msrvtt', task_name='multiple_choice')

    def __init__(self, *args, num_options: int = 5, **kwargs) -> None:
        check_whole('num_options', num_options)
        self.num_options = num_options
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read list and captions, and check that enough of them differ."""
        samples = super().load_data_list()
        texts = {text for sample in samples for text in sample['captions']}
        most = max(len(set(sample['captions'])) for sample in samples)
        if len(texts) - most < self.num_options - 1:
            raise ValueError(
                f'{self.list_file}: its videos must have enough different '
                f'captions to choose from {self.num_options}, but have '
                f'{len(texts)}, up to {most} of them of one video. Use more '
                'videos, or a smaller `num_options`.')
        return samples

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Draw the options of one sample.

        Args:
            idx (int): Its row.

        Returns:
            dict: The sample, see the class.
        """
        info = super().get_data_info(idx)
        rng = np.random.default_rng(idx) if self.test_mode else np.random
        own = info['captions']
        options: List[str] = []
        while len(options) < self.num_options - 1:
            other = super().get_data_info(int(rng.choice(len(self))))
            text = str(rng.choice(other['captions']))
            if text not in own and text not in options:
                options.append(text)
        answer = own[0] if self.test_mode else str(rng.choice(own))
        place = int(rng.choice(self.num_options))
        options.insert(place, answer)
        return dict(
            **info,
            options=options,
            label=[place],
            answer=answer,
            question_id=idx)
