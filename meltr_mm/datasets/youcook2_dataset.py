"""YouCook2 in the form of UniVL's release."""
from typing import List

from mmaction.registry import DATASETS

from ..check_options import check_text
from .feature_dataset import (
    FeatureDataset,
    check_encoder_text,
    finite_number,
    nonempty_text,
    number_videos,
    parallel_lists,
)
from .read_csv import read_csv
from .safe_pickle import load_video_table

_FIELDS = ['start', 'end', 'text', 'transcript']


@DATASETS.register_module()
class YouCook2Dataset(FeatureDataset):
    """One sample per annotated clip of the videos in a list.

    Files: ``youcookii_{train,val}.csv`` with the columns ``video_id`` and
    ``feature_file``; and a pickle ``{video_id: {start, end, text,
    transcript}}`` of equally long arrays, one entry per clip, times in
    seconds. In the public pickle every transcript is ``'NONE'``, which is
    read as that word.

    Beside what :class:`FeatureDataset` says, a sample holds ``start`` and
    ``end`` (float) and ``clip`` (int, its number in the video).

    Args:
        ann_file (str): The csv, relative to ``data_root``.
        data_file (str): The pickle, relative to ``data_root``.
        encoder_text (str): What the text encoder reads: ``'caption'``, for
            retrieval, or ``'transcript'``, for captioning. Defaults to
            ``'caption'``.
        **kwargs: See :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: For a missing folder or file.
        ForeignClassError: If the pickle holds more than plain data.
        ValueError: For malformed content; the message names the place.

    Example:
        >>> dict(
        ...     type='YouCook2Dataset',
        ...     data_root='data/youcook2',
        ...     ann_file='youcookii_val.csv',
        ...     data_file='youcookii_data.no_transcript.pickle',
        ...     pipeline=test_pipeline)
    """

    METAINFO = dict(dataset_type='youcook2')

    def __init__(self,
                 ann_file: str,
                 data_file: str,
                 encoder_text: str = 'caption',
                 **kwargs) -> None:
        check_encoder_text(encoder_text)
        check_text('data_file', data_file)
        self.data_file = data_file
        self.encoder_text = encoder_text
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read list and annotations.

        Returns:
            list[dict]: One dict per clip, see the class.
        """
        path = self._in_root(self.data_file)
        table = load_video_table(path)
        samples = []
        for row in read_csv(self.ann_file, ('video_id', 'feature_file')):
            video_id = row['video_id']
            if video_id not in table:
                raise ValueError(
                    f'{path}: there are no annotations of the video '
                    f'{video_id!r} of {self.ann_file} among {len(table)} '
                    'videos. Both files must be of the same release.')
            where = f'{path}, video {video_id!r}'
            samples += self._clips(table[video_id], row, where)
        return number_videos(samples)

    def _clips(self, item: dict, row: dict, where: str) -> List[dict]:
        lists = parallel_lists(item, _FIELDS, where)
        clips = []
        for clip, (start, end, caption, transcript) in enumerate(
                zip(*lists.values(), strict=True)):
            place = f'{where}, clip {clip}'
            caption = nonempty_text(caption, f'{place}, `text`')
            start = finite_number(start, f'{place}, `start`')
            end = finite_number(end, f'{place}, `end`')
            if not 0 <= start <= end:
                raise ValueError(
                    f'{place}: must start at 0 or later and end after that, '
                    f'but lasts from {start} to {end}.')
            if not isinstance(transcript, str):
                raise ValueError(
                    f'{place}, `transcript`: must be a text, but is '
                    f'{transcript!r}. Write "NONE" where there is none.')
            transcript = str(transcript)
            clips.append(
                dict(
                    video_id=row['video_id'],
                    feature_id=row['feature_file'],
                    clip=clip,
                    start=start,
                    end=end,
                    text=transcript
                    if self.encoder_text == 'transcript' else caption,
                    caption=caption,
                    references=[caption]))
        return clips
