"""A training set cut in two, so that meta batches are unseen data."""
from typing import Any, List, Union

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.dataset.base_dataset import force_full_init

from ..check_options import (
    check_choice,
    check_config,
    check_number,
    check_text,
    check_whole,
)

_GROUP_KEYS = dict(video='video_id', sample='sample_idx')


@DATASETS.register_module()
class SeededSplit:
    """One of the two parts of a dataset, chosen by a seed.

    For a data set without a validation split, or for ``meta_dataloader``: a
    slice of the training set then judges MELTR. Both parts, built with the
    same ``fraction``, ``seed`` and ``group_by``, are disjoint by group and
    together are the whole dataset, in its order.

    Args:
        dataset (dict or BaseDataset): The dataset to cut.
        part (str): ``'train'``, or the held-out part by either of its names:
            ``'meta'``, or ``'val'`` where a data set has no validation split
            of its own.
        fraction (float): Share of the groups in the held-out part, rounded
            to a whole number of groups, at least one in each part. Defaults
            to 0.1.
        seed (int): Decides which groups. Independent of the seed of the
            training. Defaults to 0.
        group_by (str): What stays together: ``'video'``, ``'sample'``, or
            any key of the samples. Several questions are asked about a
            video, so a cut by sample would leak. Defaults to ``'video'``.
        lazy_init (bool): Whether to put off reading. Defaults to False.

    Raises:
        ValueError: For an unknown part, a fraction outside (0, 1), a dataset
            with fewer than two groups, or samples without the key.

    Example:
        >>> dict(
        ...     type='SeededSplit',
        ...     part='meta',
        ...     fraction=0.1,
        ...     dataset=dict(type='MSVDQADataset', ...))
    """

    def __init__(self,
                 dataset: Union[dict, BaseDataset],
                 part: str,
                 fraction: float = 0.1,
                 seed: int = 0,
                 group_by: str = 'video',
                 lazy_init: bool = False) -> None:
        check_choice('part', part, ('train', 'meta', 'val'))
        check_number('fraction', fraction, above=0, below=1)
        check_whole('seed', seed, least=0)
        check_text('group_by', group_by)
        if not hasattr(dataset, 'full_init'):
            check_config('dataset', dataset)
            dataset = DATASETS.build(dataset)
        self.dataset = dataset
        self.part = part
        self.fraction = fraction
        self.seed = seed
        self.group_by = group_by
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    @property
    def metainfo(self) -> dict:
        """dict: A copy of the meta information of the whole dataset."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """Read the whole dataset and choose the part."""
        if self._fully_initialized:
            return
        self.dataset.full_init()
        groups = self._groups()
        try:
            names = sorted(set(groups))
        except TypeError:
            raise ValueError(
                f'`group_by` must be a key with names or numbers, but the '
                f'samples cannot be grouped by {self.group_by!r}, for example '
                f'{groups[0]!r}.') from None
        if len(names) < 2:
            raise ValueError(
                'A dataset must have at least two groups to be cut, but has '
                f'{len(names)} by {self.group_by!r}. Use more data.')
        size = round(self.fraction * len(names))
        size = min(max(size, 1), len(names) - 1)
        order = np.random.default_rng(self.seed).permutation(len(names))
        held_out = {names[i] for i in order[:size]}
        self._indices = np.array([
            idx for idx, group in enumerate(groups)
            if (group in held_out) == (self.part != 'train')
        ])
        self._fully_initialized = True

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Get the annotation of one sample of this part.

        Args:
            idx (int): Index within the part.

        Returns:
            dict: The annotation; ``sample_idx`` counts in the whole dataset.
        """
        return self.dataset.get_data_info(int(self._indices[idx]))

    @force_full_init
    def __getitem__(self, idx: int) -> Any:
        return self.dataset[int(self._indices[idx])]

    @force_full_init
    def __len__(self) -> int:
        return len(self._indices)

    def _groups(self) -> List[Any]:
        key = _GROUP_KEYS.get(self.group_by, self.group_by)
        groups = []
        for idx in range(len(self.dataset)):
            info = self.dataset.get_data_info(idx)
            if key not in info:
                raise ValueError(
                    f'The samples must have the key {key!r} to be grouped by '
                    f'{self.group_by!r}, but have {sorted(info)}. Choose '
                    'another `group_by`.')
            groups.append(info[key])
        return groups
