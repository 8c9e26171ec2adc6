"""Text-to-video retrieval with UniVL.

Shapes: N text-video pairs of a data set, B of a batch, W words, F frames, H
hidden size.
"""
import sys
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dist import (
    all_gather,
    get_rank,
    get_world_size,
    is_main_process,
)
from mmengine.utils import track_iter_progress
from torch import Tensor

from .tasks import UniVLTask

if TYPE_CHECKING:
    from .batch import UniVLBatch
    from .univl import UniVL

SIMILARITIES = ('alignment', 'joint')


@MODELS.register_module()
class UniVLRetrieval(UniVLTask):
    """Find the video of a text among all, and the text of a video.

    Text i of the data set belongs to video i. To be evaluated with
    MMAction2's ``RetrievalValLoop``: the encoders run once per item, then all
    pairs are scored. Loss of the target: ``loss_alignment``.

    Args:
        hidden_size (int): Given by the model.
        similarity (str): 'alignment': the cross encoder's score, N^2 passes
            of it in blocks; or 'joint': cosine of pooled states, cheap.
            Defaults to 'alignment'.

    Raises:
        ValueError: If there is no such similarity.
    """

    def __init__(self,
                 hidden_size: int,
                 similarity: str = 'alignment') -> None:
        super().__init__(hidden_size)
        if similarity not in SIMILARITIES:
            raise ValueError(f'similarity must be one of {SIMILARITIES}, but '
                             f'got {similarity!r}')
        self.similarity = similarity

    def scores(self, model: 'UniVL',
               batch: 'UniVLBatch') -> Dict[str, Tensor]:
        """Encode texts and videos: what :meth:`predict_all` takes.

        Returns:
            dict[str, Tensor]: ``text`` (B, W, H), ``text_mask`` (B, W),
            ``video`` (B, F, H), ``video_mask`` (B, F).
        """
        return dict(
            text=batch.text,
            text_mask=batch.text_mask,
            video=batch.video,
            video_mask=batch.video_mask)

    def predict(self, model: 'UniVL',
                batch: 'UniVLBatch') -> List[ActionDataSample]:
        """Rank the videos of this batch for each of its texts.

        Sets ``pred_score`` (B,), ``pred_label`` (the best) and ``gt_label``.
        """
        scores = self._pair_scores(model, self.scores(model, batch), iter)
        return _set_predictions(batch.data_samples, scores,
                                range(len(scores)))

    def predict_all(
        self,
        model: 'UniVL',
        feats: Dict[str, Tensor],
        data_samples: Sequence[ActionDataSample],
        num_images: Optional[int] = None,
        num_texts: Optional[int] = None
    ) -> Tuple[List[ActionDataSample], List[ActionDataSample]]:
        """Rank the whole data set, in both directions.

        On several processes each scores its own texts against all videos.

        Args:
            model (UniVL): The model.
            feats (dict[str, Tensor]): What :meth:`scores` gave for the
                items of this process, concatenated.
            data_samples (Sequence[ActionDataSample]): Their samples.
            num_images (int, optional): N. Defaults to all that there are.
            num_texts (int, optional): Must equal ``num_images``.

        Returns:
            tuple: Samples of this process as queries, videos for texts and
            texts for videos, with ``pred_score`` (N,), ``pred_label`` and
            ``gt_label``.

        Raises:
            ValueError: If there is not one text per video.
        """
        if num_images != num_texts:
            raise ValueError(
                f'UniVLRetrieval ranks pairs, one text per video, but the '
                f'data set has {num_texts} texts and {num_images} videos')
        number = num_images or len(data_samples) * get_world_size()
        gallery = dict(
            feats,
            video=_in_order(feats['video'])[:number],
            video_mask=_in_order(feats['video_mask'])[:number])
        track = _progress if is_main_process() else iter
        scores = self._pair_scores(model, gallery, track)
        every = _in_order(scores)[:number]  # (N, N), texts in rows
        first, stride = get_rank(), get_world_size()
        # The sampler fills the last round with items from the beginning.
        own = [(first + stride * i) % number for i in range(len(scores))]
        videos = [sample.clone() for sample in data_samples]
        return (_set_predictions(videos, every.t()[own], own),
                _set_predictions(data_samples, scores, own))

    def _pair_scores(self, model: 'UniVL', feats: Dict[str, Tensor],
                     track) -> Tensor:
        args = [feats[name]
                for name in ('text', 'text_mask', 'video', 'video_mask')]
        if self.similarity == 'joint':
            return model.joint_scores(*args)
        return model.alignment_scores(*args, track=track)


def _progress(blocks: list):
    # MMEngine's default is the stream that there was when it was imported.
    return track_iter_progress(blocks, file=sys.stdout)


def _in_order(values: Tensor) -> Tensor:
    """Gather what a distributed sampler dealt out in turns."""
    parts = all_gather(values)
    return torch.stack(parts, dim=1).flatten(0, 1)


def _set_predictions(samples: Sequence[ActionDataSample], scores: Tensor,
                     right: Sequence[int]) -> List[ActionDataSample]:
    for sample, row, label in zip(samples, scores.float(), right,
                                  strict=True):
        sample.set_pred_score(row)
        sample.set_pred_label(row.argmax(keepdim=True))
        sample.set_gt_label(label)
    return list(samples)
