"""Videos that a text describes, and the file that keeps them encoded.

Shapes: G videos.
"""
import hashlib
import os
import os.path as osp
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Optional, Sequence, Union

import numpy as np
import torch
from matplotlib.figure import Figure
from mmaction.registry import INFERENCERS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from torch import Tensor, nn

from ..check_options import check_whole
from ..datasets.transforms import PickCaption
from ..datasets.transforms.tokenizing import Tokenizing
from ..pickled_arrays import RefusedFileError
from ..safe_checkpoints import load_torch_file
from .drawing import draw_ranking
from .video_files import TABLE_ROW, Video, name_of
from .video_text_inferencer import REQUEST, STRIP, VideoTextInferencer

_FORMAT = 1


def fingerprint(model: nn.Module, steps: Sequence[dict]) -> str:
    """Name what the features of a video depend on.

    Args:
        model (nn.Module): Its weights and their names.
        steps (Sequence[dict]): Transforms that make the model's input of a
            video. Those that deal with text, and paths of feature files, do
            not count.

    Returns:
        str: 32 hexadecimal digits.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name, value in sorted(model.state_dict().items()):
        digest.update(f'{name} {tuple(value.shape)} {value.dtype}'.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(
            torch.uint8).numpy())
    for step in steps:
        if 'tokenizer' in step or step['type'] in ('PackActionInputs',
                                                   'PickCaption'):
            continue
        kept = {key: value for key, value in sorted(step.items())
                if key not in ('feature_file', 'img_file')}
        digest.update(repr(kept).encode())
    return digest.hexdigest()


@dataclass
class RetrievalIndex:
    """What a model knows of G videos.

    Attributes:
        fingerprint (str): See :func:`fingerprint`.
        weights (str): The checkpoint, for messages.
        videos (list[str]): Their names.
        stamps (list[list[int]]): Size and time of change of each file,
            empty for what is no file.
        strips (list[np.ndarray]): What the model saw of each, RGB, (h, w,
            3), uint8.
        features (dict[str, Tensor]): Of the model's ``encode_videos``, (G,
            ...).
    """

    fingerprint: str
    weights: str
    videos: List[str] = field(default_factory=list)
    stamps: List[List[int]] = field(default_factory=list)
    strips: List[np.ndarray] = field(default_factory=list)
    features: Dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.videos)

    def missing(self, videos: Sequence[str]) -> List[str]:
        """Name the videos that are not here, or have changed since.

        Those that have changed are taken out.

        Args:
            videos (Sequence[str]): Names.

        Returns:
            list[str]: Each once, in order.
        """
        places = {name: place for place, name in enumerate(self.videos)}
        changed = [places[name] for name in dict.fromkeys(videos)
                   if name in places
                   and self.stamps[places[name]] != stamp_of(name)]
        kept = [place for place in range(len(self)) if place not in changed]
        if changed:
            self.videos = [self.videos[place] for place in kept]
            self.stamps = [self.stamps[place] for place in kept]
            self.strips = [self.strips[place] for place in kept]
            self.features = {name: value[kept]
                             for name, value in self.features.items()}
        return [name for name in dict.fromkeys(videos)
                if name not in self.videos]

    def add(self, videos: Sequence[str], strips: Sequence[np.ndarray],
            features: Dict[str, Tensor]) -> None:
        """Add videos that are not here yet.

        Args:
            videos (Sequence[str]): N names.
            strips (Sequence[np.ndarray]): What the model saw of each, (h, w,
                3).
            features (dict[str, Tensor]): (N, ...) each.
        """
        self.videos += videos
        self.stamps += map(stamp_of, videos)
        self.strips += strips
        self.features = {
            name: torch.cat([self.features[name], value.cpu()])
            if name in self.features else value.cpu()
            for name, value in features.items()
        }

    def save(self, path: str) -> None:
        """Write the index; what was there stays until that is done.

        Args:
            path (str): The file.
        """
        os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
        part = f'{path}.part'
        torch.save(
            dict(
                retrieval_index=_FORMAT,
                fingerprint=self.fingerprint,
                weights=self.weights,
                videos=self.videos,
                stamps=self.stamps,
                strips=[torch.from_numpy(strip) for strip in self.strips],
                features=self.features), part)
        os.replace(part, path)

    @classmethod
    def load(cls, path: str, mark: str, weights: str) -> 'RetrievalIndex':
        """Read an index, if it is one of this model.

        Args:
            path (str): The file.
            mark (str): The model's :func:`fingerprint`.
            weights (str): Its checkpoint, for messages.

        Returns:
            RetrievalIndex: What was saved.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no index, or that of other weights or
                another pipeline.
        """
        content = _read(path)
        if content['fingerprint'] != mark:
            raise ValueError(
                f"{path}: this index was made with {content['weights']}, "
                f'whose weights or test pipeline are not those of {weights}, '
                'so that its features cannot be compared with a text. Name '
                'another file, in which a new index is made, or give that '
                'checkpoint')
        return cls(
            mark, weights, content['videos'], content['stamps'],
            [strip.numpy() for strip in content['strips']],
            content['features'])


def stamp_of(video: str) -> List[int]:
    """Tell one state of a file from another.

    Args:
        video (str): A file, ``TABLE:ID``, or another name of a video.

    Returns:
        list[int]: Size in bytes and time of change in nanoseconds, of the
        table where there is one; empty if there is no file.
    """
    row = TABLE_ROW.fullmatch(video)
    file = row[1] if row and not osp.exists(video) else video
    if not osp.isfile(file):
        return []
    status = os.stat(file)
    return [status.st_size, status.st_mtime_ns]


def _read(path: str) -> Dict[str, Any]:
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: there is no such index')
    try:
        content = load_torch_file(path)
    except RefusedFileError:
        raise
    except ValueError:
        content = None
    if not _is_index(content):
        raise ValueError(
            f'{path}: must be a retrieval index that this version has saved, '
            'but is something else or was cut short. Name another file, in '
            'which a new index is made')
    return content


def _is_index(content: Any) -> bool:
    if not isinstance(content, dict) or content.get(
            'retrieval_index') != _FORMAT:
        return False
    lists = [content.get(name) for name in ('videos', 'stamps', 'strips')]
    features = content.get('features')
    return (all(isinstance(content.get(name), str)
                for name in ('fingerprint', 'weights'))
            and all(isinstance(items, list) and len(items) == len(lists[0])
                    for items in lists)
            and all(isinstance(name, str) for name in lists[0])
            and all(isinstance(strip, Tensor) and strip.dim() == 3
                    and strip.dtype == torch.uint8 for strip in lists[2])
            and isinstance(features, dict)
            and all(isinstance(value, Tensor) and value.dim() > 0
                    and len(value) == len(lists[0])
                    for value in features.values()))


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
