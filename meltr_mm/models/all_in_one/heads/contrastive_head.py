"""Contrastive learning of texts and videos, and retrieval by it.

Shapes: B videos with a text each, S shared width, G pairs on all processes.
"""
from typing import TYPE_CHECKING, Dict, List

import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.dist import get_rank, get_world_size
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather
from transformers import BertConfig

from .head import LossFunction, PredictingHead

if TYPE_CHECKING:
    from ..batch import AllInOneBatch


class ContrastiveHead(PredictingHead):
    """Image-text contrast (ITC) of texts and videos encoded apart.

    The first state of each is projected to a shared space and compared by
    its cosine, so a gallery is encoded once for all queries.

    Args:
        bert (BertConfig): Gives the width of the states.
        shared_dim (int): S. Defaults to 512.
        temperature (float): Divides the cosines in the loss; not learned.
            Defaults to 0.05.
        gather (bool): Take the pairs of all processes as negatives, which
            must then have batches of one size. False is the official
            behaviour: the process's own batch. Defaults to False.
    """

    takes_views = True

    def __init__(self,
                 bert: BertConfig,
                 shared_dim: int = 512,
                 temperature: float = 0.05,
                 gather: bool = False) -> None:
        super().__init__()
        self.text_proj = nn.Linear(bert.hidden_size, shared_dim)
        self.video_proj = nn.Linear(bert.hidden_size, shared_dim)
        self.temperature = temperature
        self.gather = gather

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the loss: ``loss_itc``."""
        return dict(loss_itc=self.loss)

    def loss(self, batch: 'AllInOneBatch') -> Tensor:
        """Cross entropy of text to video plus that of video to text.

        Each is a mean over the batch; they are added, not averaged. A batch
        of one pair without ``gather`` has loss 0.
        """
        text, video = self.text_features(batch), self.video_features(batch)
        texts, videos, first = text, video, 0
        if self.gather and get_world_size() > 1:
            texts = torch.cat(all_gather(text.contiguous()))
            videos = torch.cat(all_gather(video.contiguous()))
            first = get_rank() * len(text)
        own = torch.arange(first, first + len(text), device=text.device)
        return sum(
            F.cross_entropy(_cosines(queries, gallery) / self.temperature, own)
            for queries, gallery in ((text, videos), (video, texts)))

    def text_features(self, batch: 'AllInOneBatch') -> Tensor:
        """Project the texts to unit length, (B, S)."""
        return _unit(self.text_proj(batch.text_states[:, 0]))

    def video_features(self, batch: 'AllInOneBatch') -> Tensor:
        """Project the videos, (B, S).

        A video of one clip has unit length. One of several is the mean of
        its clips, whose inner product with a text is the mean of their
        cosines; normalising it again would change the ranking.
        """
        features = _unit(self.video_proj(batch.video_states[:, 0]))
        return features.unflatten(0, (-1, batch.views)).mean(dim=1)

    def scores(self, batch: 'AllInOneBatch') -> Tensor:
        """Compare every text with every video of the batch, (B, B)."""
        return _cosines(self.text_features(batch), self.video_features(batch))

    def predict(self, batch: 'AllInOneBatch') -> List[ActionDataSample]:
        """Set ``features``: ``text_feature`` and ``video_feature``, (S,)."""
        features = zip(
            batch.data_samples,
            self.text_features(batch),
            self.video_features(batch),
            strict=True)
        for sample, text, video in features:
            sample.features = dict(text_feature=text, video_feature=video)
        return batch.data_samples


def _cosines(queries: Tensor, gallery: Tensor) -> Tensor:
    # Neighbours in a gallery are closer than what low precision tells apart.
    with torch.autocast(queries.device.type, enabled=False):
        return queries @ gallery.T


def _unit(features: Tensor) -> Tensor:
    precision = torch.promote_types(features.dtype, torch.float32)
    return F.normalize(features.to(precision), dim=-1, eps=1e-8)
