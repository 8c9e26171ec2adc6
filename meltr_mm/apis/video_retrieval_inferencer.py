"""Videos that a text describes."""
import os.path as osp
from typing import Any, Dict, Iterable, List, Optional, Sequence, Union

import torch
from matplotlib.figure import Figure
from mmaction.registry import INFERENCERS
from mmaction.structures import ActionDataSample
from mmengine.config import Config

from ..check_options import check_whole
from ..datasets.transforms import PickCaption
from ..datasets.transforms.tokenizing import Tokenizing
from .drawing import draw_ranking
from .retrieval_index import RetrievalIndex, fingerprint
from .video_files import Video, name_of
from .video_text_inferencer import REQUEST, STRIP, VideoTextInferencer


@INFERENCERS.register_module()
class VideoRetrievalInferencer(VideoTextInferencer):
    """Rank videos for texts.

    For models with the target 'retrieval'. The videos are encoded once, when
    they are added; calls take texts. A result is ``dict(query, videos)``, a
    list of ``dict(rank, video, score)`` with the best first. Scores are what
    the model ranks by: logits or cosines, to be compared for one text only.

    What was encoded can be kept in a file and used again. It belongs to the
    weights and the test pipeline that it was made with; any others refuse
    it.

    Args:
        model (str | Config, optional): See :class:`VideoTextInferencer`.
        weights (str): Likewise.
        videos (Sequence[str | np.ndarray]): Videos to rank. Defaults to
            none: those of the index.
        index (str, optional): File of the index. If it exists its videos are
            ranked too, and those of ``videos`` that it has are not encoded
            again, unless their file has changed; what is new is saved in it.
            Defaults to None.
        batch_size (int): Videos that are encoded at once. Defaults to 1.
        device (str, optional): See :class:`VideoTextInferencer`.
        show_progress (bool): Defaults to False.
        allow (str | Sequence[str]): See :class:`VideoTextInferencer`.
        s3d (str, optional): See :class:`VideoTextInferencer`.

    Raises:
        FileNotFoundError: If config, checkpoint or a video are not there.
        ValueError: If they, or the index, do not belong together.

    Example:
        >>> find = VideoRetrievalInferencer(
        ...     weights='work_dirs/RUN/best.pth',
        ...     videos=['a.mp4', 'b.mp4'],
        ...     index='videos.index')
        >>> find('a red ball rolls')['predictions'][0]['videos'][0]['video']
    """

    postprocess_kwargs = {'top_k'}
    targets = ('retrieval', )

    def __init__(self,
                 model: Union[str, Config, None] = None,
                 weights: Optional[str] = None,
                 videos: Union[Video, Sequence[Video]] = (),
                 index: Optional[str] = None,
                 batch_size: int = 1,
                 device: Optional[str] = None,
                 show_progress: bool = False,
                 allow: Union[str, Sequence[str]] = (),
                 s3d: Optional[str] = None) -> None:
        super().__init__(model, weights, device, show_progress, allow,
                         s3d)
        self.index = self._open_index(index)
        videos = self._inputs_to_list(videos)
        added = self.add(videos, batch_size)
        if index is not None and added:
            self.index.save(index)

    def _open_index(self, path: Optional[str]) -> RetrievalIndex:
        mark = fingerprint(self.model, self.pipeline.steps)
        if path is not None and osp.exists(path):
            return RetrievalIndex.load(path, mark, self.weights)
        return RetrievalIndex(mark, self.weights)

    def add(self, videos: Sequence[Video], batch_size: int = 1) -> int:
        """Encode videos that are not in the index yet.

        Args:
            videos (Sequence[str | np.ndarray]): Videos.
            batch_size (int): How many at once. Defaults to 1.

        Returns:
            int: How many there were.
        """
        check_whole('batch_size', batch_size)
        by_name = {
            video if isinstance(video, str) else f'{number}: {name_of(video)}':
            video for number, video in enumerate(videos)
        }
        new = self.index.missing(list(by_name))
        packed = (self.ask(self.pipeline(by_name[name], self._text_of('')),
                           {}, name) for name in new)
        with self._reading():
            for batch in self._get_chunk_data(packed, batch_size):
                self.add_packed(batch)
        return len(new)

    @torch.no_grad()
    def add_packed(self, samples: List[dict]) -> None:
        """Encode samples that a pipeline has packed and :meth:`ask` has
        marked, of videos that are not here yet."""
        data = self.model.data_preprocessor(self.collate_fn(samples), False)
        features = self.model.encode_videos(data['inputs'],
                                            data['data_samples'])
        marks = [sample['data_samples'].metainfo for sample in samples]
        self.index.add([mark[REQUEST]['video'] for mark in marks],
                       [mark[STRIP] for mark in marks], features)

    def preprocess(self,
                   inputs: Sequence[str],
                   batch_size: int = 1) -> Iterable[List[ActionDataSample]]:
        """Tokenize queries, and yield batches of them."""
        yield from self._get_chunk_data(
            map(self.query_sample, inputs), batch_size)

    def query_sample(self, query: str) -> ActionDataSample:
        """Tokenize a query as the test pipeline tokenizes texts.

        Returns:
            ActionDataSample: With ``text_ids`` and ``text_mask``, (X,) int64.

        Raises:
            ValueError: If there is no text.
        """
        if not isinstance(query, str) or not query.strip():
            raise ValueError(
                f'a query must be a text that is not empty, but is {query!r}')
        fields = self._text_of(query)
        for step in self.pipeline.text_steps:
            if isinstance(step, (Tokenizing, PickCaption)):
                fields = step(fields)
        sample = ActionDataSample(metainfo={REQUEST: dict(query=query)})
        for name in ('text_ids', 'text_mask'):
            sample.set_field(fields[name], name)
        return sample

    @staticmethod
    def _text_of(query: str) -> Dict[str, Any]:
        # Under the names by which data sets call the text of a video.
        return dict(caption=query, captions=[query], text=query)

    @torch.no_grad()
    def forward(self,
                inputs: List[ActionDataSample]) -> List[ActionDataSample]:
        """Score all videos for each query: ``pred_score``, (G,).

        Raises:
            ValueError: If there are no videos.
        """
        if not len(self.index):
            raise ValueError('there must be videos to rank, but there are '
                             'none: give videos, or an index of some')
        device = next(self.model.parameters()).device
        videos = {name: value.to(device)
                  for name, value in self.index.features.items()}
        texts = self.model.encode_texts(inputs)
        for sample, scores in zip(inputs, self.model.score(texts, videos)):
            sample.set_pred_score(scores.cpu())
        return inputs

    def result(self,
               pred: ActionDataSample,
               top_k: int = 5) -> Dict[str, Any]:
        """Name the ``top_k`` best videos; see the class."""
        check_whole('top_k', top_k)
        best = pred.pred_score.sort(descending=True, stable=True)
        pairs = zip(best.indices.tolist()[:top_k],
                    best.values.tolist()[:top_k])
        return dict(
            pred.metainfo[REQUEST],
            videos=[
                dict(rank=rank, video=self.index.videos[place], score=score)
                for rank, (place, score) in enumerate(pairs, 1)
            ])

    def picture(self, pred: ActionDataSample) -> Figure:
        """Draw the best videos; see :class:`VideoTextInferencer`."""
        result = self.result(pred)
        strips = dict(zip(self.index.videos, self.index.strips))
        return draw_ranking(result['query'], result['videos'], strips)
