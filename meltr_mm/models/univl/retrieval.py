"""Text-to-video retrieval with UniVL.

Shapes: N texts and G videos of a data set, B pairs of a batch, W words, F
frames, H hidden size.
"""
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

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

    To be evaluated with MMAction2's ``RetrievalValLoop``: the encoders run
    once per item, then all texts are scored with all videos. Items with the
    same ``video_index`` (int, metainfo of the samples) are texts of one
    video; without it text i belongs to video i. Loss of the target:
    ``loss_alignment``.

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
        return self.encode_texts(batch) | self.encode_videos(batch)

    def encode_videos(self, batch: 'UniVLBatch') -> Dict[str, Tensor]:
        """Encode videos: ``video`` (B, F, H), ``video_mask`` (B, F)."""
        return dict(video=batch.video, video_mask=batch.video_mask)

    def encode_texts(self, batch: 'UniVLBatch') -> Dict[str, Tensor]:
        """Encode texts: ``text`` (B, W, H), ``text_mask`` (B, W)."""
        return dict(text=batch.text, text_mask=batch.text_mask)

    def rank_videos(self, model: 'UniVL', texts: Dict[str, Tensor],
                    videos: Dict[str, Tensor]) -> Tensor:
        """Score any videos for any texts.

        Args:
            model (UniVL): The model.
            texts (dict[str, Tensor]): :meth:`encode_texts` of Q texts:
                (Q, W, H) and (Q, W).
            videos (dict[str, Tensor]): :meth:`encode_videos` of G videos:
                (G, F, H) and (G, F).

        Returns:
            Tensor: Similarities, (Q, G), float32.
        """
        return self._pair_scores(model, texts | videos, iter).float()

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
            num_images (int, optional): G, the number of different videos.
                Defaults to what there are.
            num_texts (int, optional): N, the number of items. Defaults to
                all that there are.

        Returns:
            tuple: The share of this process, one sample per query: texts for
            each video, with ``pred_score`` (N,), ``pred_label`` and
            ``gt_label``, all its texts; videos for each text, with
            ``pred_score`` (G,), ``pred_label`` and ``gt_label``.

        Raises:
            ValueError: If the items do not show ``num_images`` videos.
        """
        first, stride = get_rank(), get_world_size()
        number = num_texts or len(data_samples) * stride
        # The sampler fills the last round with items from the beginning.
        texts = [(first + stride * i) % number
                 for i in range(len(data_samples))]
        index = torch.tensor([
            sample.metainfo.get('video_index', text)
            for sample, text in zip(data_samples, texts, strict=True)
        ], device=feats['video'].device)
        # The video of each text, from 0, in the order of the indices.
        found, video_of = _in_order(index)[:number].unique(
            return_inverse=True)
        if num_images not in (None, len(found)):
            raise ValueError(
                f'the samples show {len(found)} different videos for {number} '
                f'texts, but the data set says {num_images}; pack '
                "`video_index` as one of PackActionInputs' meta_keys")
        # Of equal videos, the one that comes with its first text.
        shown = [int((video_of == video).nonzero()[0])
                 for video in range(len(found))]
        gallery = dict(
            feats,
            video=_in_order(feats['video'])[shown],
            video_mask=_in_order(feats['video_mask'])[shown])
        track = _progress if is_main_process() else iter
        scores = self._pair_scores(model, gallery, track)
        every = _in_order(scores)[:number]  # (N, G), texts in rows
        # As many on each process, which is what metrics can gather.
        videos = [(first + stride * i) % len(found)
                  for i in range(-(-len(found) // stride))]
        return (_set_predictions(
            [ActionDataSample() for _ in videos], every.t()[videos],
            [(video_of == video).nonzero()[:, 0] for video in videos]),
                _set_predictions(data_samples, scores, video_of[texts]))

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
                     right: Sequence[Any]) -> List[ActionDataSample]:
    for sample, row, label in zip(samples, scores.float(), right,
                                  strict=True):
        sample.set_pred_score(row)
        sample.set_pred_label(row.argmax(keepdim=True))
        sample.set_gt_label(label)
    return list(samples)
