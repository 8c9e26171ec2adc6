"""MSRVTT as videos and captions: retrieval, and multiple choice."""
import operator
from typing import Dict, List, Optional

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset.base_dataset import force_full_init

from ..check_options import check_text, check_whole
from .data_files import load_video_table, read_json, read_lines, require_keys
from .video_text_dataset import SplitVideoDataset, VideoTextDataset

# What the key `split` of MSRVTT's videos says, by our names.
SPLIT_NAMES = dict(
    train=('train', ), val=('val', 'validate'), test=('test', ))


@DATASETS.register_module()
class MSRVTTRetrievalDataset(SplitVideoDataset):
    """Pairs of an MSRVTT clip and a caption, one sample per caption.

    *MELTR's form*: a file per split (``train_7k.json``, ``train_9k.json``,
    ``test.json``, the JSFusion test set), a dict whose key ``sentences`` has
    a list of ``{video_id, caption}``.

    *The original form*: the same with ``videos`` too, each of which has a
    ``split`` (``MSRVTT_data.json`` has 6,513 videos for training, 497 for
    validation and 2,990 for the test). Only the captions of videos of
    ``split`` are taken; ``tools/data/prepare.py msrvtt`` writes the 7k, 9k
    and 1k sets of retrieval.

    *VIOLET's form*: one file, a dict with the keys ``train``, ``val``,
    ``test``: lists of ``{video, caption}``.

    The form is recognised from the file. Each sample holds ``video_id``
    (str), ``filename`` (str, only with ``data_prefix['video']``) and
    ``caption`` (str). Retrieval over the data set ranks its
    :attr:`num_videos` clips for each of its :attr:`num_texts` captions.

    Args:
        *args, **kwargs: See :class:`VideoTextDataset`; and ``split``:
            ``'train'`` (the default), ``'val'`` or ``'test'``.

    Example:
        >>> dict(
        ...     type='MSRVTTRetrievalDataset',
        ...     data_root='data/msrvtt',
        ...     ann_file='train_9k.json',
        ...     pipeline=train_pipeline)
    """

    METAINFO = dict(dataset_type='msrvtt', task_name='retrieval')

    def load_data_list(self) -> List[dict]:
        """Read the captions of one split."""
        content = read_json(self.ann_file)
        if not isinstance(content, dict):
            raise ValueError(
                f'{self.ann_file}: must hold a dict, but holds a '
                f'{type(content).__name__}.')
        key, video = ('sentences', 'video_id')
        if key not in content:
            key, video = (self.split, 'video')
        rows = content.get(key)
        if not isinstance(rows, list) or not rows:
            raise ValueError(
                f"{self.ann_file}: must have the key 'sentences' or "
                f'{self.split!r} with a list of captions that is not empty, '
                f'but its keys are {sorted(content)}.')
        samples = [
            self._sample(item, video, f'{self.ann_file}, {key!r} row {row}')
            for row, item in enumerate(rows)
        ]
        if key == 'sentences' and content.get('videos'):
            samples = self._of_the_split(samples, content['videos'])
        return samples

    def _sample(self, item: dict, video: str, where: str) -> dict:
        require_keys(item, (video, 'caption'), where, (video, 'caption'))
        return dict(**self.name_video(item[video]), caption=item['caption'])

    def _of_the_split(self, samples: List[dict], videos: list) -> List[dict]:
        splits = splits_of(videos, self.ann_file)
        if None in splits.values():
            raise ValueError(
                f'{self.ann_file}: holds all of MSRVTT, but its videos do '
                'not say which split they belong to. `tools/data/prepare.py '
                'msrvtt` writes a file per split.')
        kept = [s for s in samples if splits.get(s['video_id']) == self.split]
        if not kept:
            raise ValueError(
                f'{self.ann_file}: there must be captions of videos of the '
                f'split {self.split!r}, but its videos are of '
                f'{sorted(set(splits.values()))}. Is this the right file?')
        return kept


def splits_of(videos: list, path: str) -> Dict[str, Optional[str]]:
    """Read which split MSRVTT's videos belong to.

    Args:
        videos (list): The list ``videos`` of the file.
        path (str): The file, for messages.

    Returns:
        dict: Name of a video -> ``'train'``, ``'val'`` or ``'test'``; or
        None for all, if no video has the key ``split``.

    Raises:
        ValueError: If some have it and others have not, it says something
            else, or a video is there twice.
    """
    if not isinstance(videos, list):
        raise ValueError(f"{path}: 'videos' must be a list, but is a "
                         f'{type(videos).__name__}.')
    splits: Dict[str, Optional[str]] = {}
    known = {name: split for split, names in SPLIT_NAMES.items()
             for name in names}
    for row, video in enumerate(videos):
        where = f'{path}, `videos` row {row}'
        require_keys(video, ('video_id', ), where, ('video_id', ))
        name, split = video['video_id'], video.get('split')
        if name in splits:
            raise ValueError(f'{where}: {name!r} is there a second time. '
                             'Take one of the two out.')
        if split is not None and (not isinstance(split, str)
                                  or split not in known):
            raise ValueError(
                f'{where}: `split` must be one of {sorted(known)}, but is '
                f'{split!r}.')
        splits[name] = known.get(split)
    without = [name for name, split in splits.items() if split is None]
    if 0 < len(without) < len(splits):
        raise ValueError(
            f'{path}: either all videos or none must have the key `split`, '
            f'but {len(without)} of {len(splits)} have none, '
            f'{without[0]!r} for example.')
    return splits


@DATASETS.register_module()
class MSRVTTListDataset(VideoTextDataset):
    """The videos of a list, each with its captions.

    ``MSR_VTT.json`` is a dict whose ``annotations`` are ``{image_id,
    caption}`` with the name of a video as ``image_id``. A list has one video
    name per line: ``train_list_7k.txt``, ``train_list_9k.txt``, or
    ``val_list_jsfusion.txt``, whose videos have the one caption each that
    ``jsfusion_val_caption_idx.pkl`` says (a dict from names to the number of
    the caption).

    Items are videos, not captions. Each sample holds ``video_id`` and
    ``filename`` (str) and ``captions`` (list of str), of which
    :class:`PickCaption` chooses.

    Args:
        ann_file (str): The file of captions, relative to ``data_root``.
        list_file (str): The list of videos.
        caption_index_file (str, optional): Keep the captions that this
            pickle names, one per video, as for testing. Defaults to None:
            all captions.
        **kwargs: See :class:`VideoTextDataset`.

    Example:
        >>> dict(
        ...     type='MSRVTTListDataset',
        ...     data_root='data/msrvtt',
        ...     ann_file='MSR_VTT.json',
        ...     list_file='val_list_jsfusion.txt',
        ...     caption_index_file='jsfusion_val_caption_idx.pkl',
        ...     pipeline=test_pipeline)
    """

    METAINFO = dict(dataset_type='msrvtt', task_name='retrieval')

    def __init__(self,
                 ann_file: str,
                 list_file: str,
                 caption_index_file: Optional[str] = None,
                 **kwargs) -> None:
        check_text('list_file', list_file)
        if caption_index_file is not None:
            check_text('caption_index_file', caption_index_file)
        self.list_file = list_file
        self.caption_index_file = caption_index_file
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read list and captions, in the order of the list."""
        captions = self._read_captions()
        chosen = None
        if self.caption_index_file is not None:
            chosen = load_video_table(self.in_root(self.caption_index_file))
        samples = []
        for video_id in self._read_list():
            if video_id not in captions:
                raise ValueError(
                    f'{self.ann_file}: there is no caption of {video_id!r}, '
                    f'which {self.list_file} lists. Both files must be of '
                    'the same release.')
            own = captions[video_id]
            if chosen is not None:
                own = [self._chosen(own, chosen, video_id)]
            samples.append(dict(**self.name_video(video_id), captions=own))
        return samples

    def _read_captions(self) -> Dict[str, List[str]]:
        content = read_json(self.ann_file)
        rows = content.get('annotations') if isinstance(content,
                                                        dict) else None
        if not isinstance(rows, list):
            raise ValueError(
                f"{self.ann_file}: must hold a dict with the key "
                "'annotations' and a list of captions.")
        captions: Dict[str, List[str]] = {}
        for row, item in enumerate(rows):
            require_keys(item, ('image_id', 'caption'),
                         f'{self.ann_file}, row {row}',
                         ('image_id', 'caption'))
            captions.setdefault(item['image_id'], []).append(item['caption'])
        return captions

    def _read_list(self) -> List[str]:
        path = self.in_root(self.list_file)
        names = [name for _, name in read_lines(path, 'list of videos')]
        if not names or len(set(names)) < len(names):
            raise ValueError(
                f'{path}: must have one video name per line, each once, but '
                f'has {len(names)} names of {len(set(names))} videos.')
        return names

    def _chosen(self, captions: List[str], chosen: dict,
                video_id: str) -> str:
        index = chosen.get(video_id)
        try:
            place = operator.index(index)
        except TypeError:
            place = -1
        if isinstance(index, bool) or not 0 <= place < len(captions):
            raise ValueError(
                f'{self.caption_index_file}: must give the number of a '
                f'caption of {video_id!r}, 0..{len(captions) - 1}, but gives '
                f'{index!r}. The files must be of the same release.')
        return captions[place]


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

    def filter_data(self) -> List[dict]:
        """Check that enough captions differ."""
        samples = super().filter_data()
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
        """Draw the options of one sample."""
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
