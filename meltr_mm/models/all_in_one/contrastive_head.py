"""Contrastive learning of texts and videos, and retrieval by it.

Shapes: B videos with a text each, V clips of each video, Q texts, G videos, S
shared width.
"""
from typing import TYPE_CHECKING, Dict

import torch
import torch.nn.functional as F
from mmengine.dist import get_rank, get_world_size
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather

from ..layers import Features, LossFunction, RetrievalTask
from .all_in_one import HEADS, AllInOne, AllInOneBatch

if TYPE_CHECKING:  # it takes seconds to import
    from transformers import BertConfig


@HEADS.register_module('itc')
class ContrastiveHead(RetrievalTask):
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

    def __init__(self,
                 bert: 'BertConfig',
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

    def loss(self, model: AllInOne, batch: AllInOneBatch) -> Tensor:
        """Cross entropy of text to video plus that of video to text.

        Each is a mean over the batch; they are added, not averaged. A batch
        of one pair without ``gather`` has loss 0.
        """
        text, video = self.text_features(batch), self.video_features(batch)
        texts, videos, first = text, video, 0
        if self.gather:
            texts, videos = gather(text), gather(video)
            first = get_rank() * len(text)
        own = torch.arange(first, first + len(text), device=text.device)
        return sum(
            F.cross_entropy(
                mean_cosine(queries[None], gallery[None]) / self.temperature,
                own)
            for queries, gallery in ((text, videos), (video, texts)))

    def text_features(self, batch: AllInOneBatch) -> Tensor:
        """Project the texts, (B, S)."""
        return self.text_proj(batch.text_states[:, 0])

    def video_features(self, batch: AllInOneBatch) -> Tensor:
        """Project the clips of all videos, (B * V, S)."""
        return self.video_proj(batch.video_states[:, 0])

    def encode_texts(self, model: AllInOne,
                     batch: AllInOneBatch) -> Features:
        """Encode texts: ``text_feature`` (B, S), of unit length, float32."""
        return dict(text_feature=unit(self.text_features(batch)))

    def encode_videos(self, model: AllInOne,
                      batch: AllInOneBatch) -> Features:
        """Encode videos: ``video_feature`` (B, V, S), likewise."""
        videos = unit(self.video_features(batch))
        return dict(video_feature=videos.unflatten(0, (-1, batch.views)))

    def score(self, model: AllInOne, texts: Features,
              videos: Features) -> Tensor:
        """Average the cosine over the clips of a video, (Q, G)."""
        return mean_cosine(texts['text_feature'][None],
                           videos['video_feature'].transpose(0, 1))


def unit(features: Tensor) -> Tensor:
    """Scale to unit length, (..., S), in float32 or better."""
    precision = torch.promote_types(features.dtype, torch.float32)
    return F.normalize(features.to(precision), dim=-1, eps=1e-8)


def mean_cosine(texts: Tensor, videos: Tensor) -> Tensor:
    """Average over V views the cosine of every text with every video.

    Args:
        texts (Tensor): Features of any length, (V, Q, S), or (1, Q, S) for
            all views.
        videos (Tensor): (V, G, S).

    Returns:
        Tensor: (Q, G).
    """
    texts, videos = unit(texts), unit(videos)
    # Neighbours in a gallery are closer than what low precision tells apart.
    with torch.autocast(texts.device.type, enabled=False):
        return (texts @ videos.transpose(1, 2)).mean(dim=0)


def gather(features: Tensor) -> Tensor:
    """Concatenate the features of all processes, with their gradients.

    The gradient of each process's features is the sum over the losses of all
    processes, so that averaging parameters' gradients, as DDP does, gives
    that of the mean loss.

    Args:
        features (Tensor): Of one shape on all processes, (B, S).

    Returns:
        Tensor: Ordered by rank, (R * B, S).
    """
    if get_world_size() == 1:
        return features
    parts = all_gather(features.contiguous())
    for part in parts:
        if part.requires_grad:
            # torch's backward pass reads a gradient's memory as if it were
            # contiguous, also where it is a transposed view.
            part.register_hook(torch.Tensor.contiguous)
    return torch.cat(parts)
