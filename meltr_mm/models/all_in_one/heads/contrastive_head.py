"""Contrastive learning of texts and videos, and retrieval by it.

Shapes: B videos with a text each, V clips of each video, S shared width, G
pairs of a gallery.
"""
from typing import TYPE_CHECKING, Dict, List

import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.dist import get_rank
from mmengine.structures import InstanceData
from torch import Tensor, nn
from transformers import BertConfig

from ..gather import gather
from ..similarity import mean_cosine, unit
from .head import LossFunction, PredictingHead

if TYPE_CHECKING:
    from ..all_in_one import AllInOne
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
        if self.gather:
            texts, videos = gather(text), gather(video)
            first = get_rank() * len(text)
        own = torch.arange(first, first + len(text), device=text.device)
        return sum(
            F.cross_entropy(
                mean_cosine(queries[None], gallery[None]) / self.temperature,
                own)
            for queries, gallery in ((text, videos), (video, texts)))

    def text_features(self, batch: 'AllInOneBatch') -> Tensor:
        """Project the texts, (B, S)."""
        return self.text_proj(batch.text_states[:, 0])

    def video_features(self, batch: 'AllInOneBatch') -> Tensor:
        """Project the clips of all videos, (B * V, S)."""
        return self.video_proj(batch.video_states[:, 0])

    def scores(self, batch: 'AllInOneBatch') -> Dict[str, Tensor]:
        """Compute what a gallery is made of, once per pair.

        Returns:
            dict[str, Tensor]: ``text_feature`` (B, S) and ``video_feature``
            (B, V, S), of unit length, float32.
        """
        return self.encode_texts(batch) | self.encode_videos(batch)

    def encode_videos(self, batch: 'AllInOneBatch') -> Dict[str, Tensor]:
        """Make the videos' part of :meth:`scores`, (B, V, S)."""
        videos = unit(self.video_features(batch))
        return dict(video_feature=videos.unflatten(0, (-1, batch.views)))

    def encode_texts(self, batch: 'AllInOneBatch') -> Dict[str, Tensor]:
        """Make the texts' part of :meth:`scores`, (B, S)."""
        return dict(text_feature=unit(self.text_features(batch)))

    def rank_videos(self, model: 'AllInOne', texts: Dict[str, Tensor],
                    videos: Dict[str, Tensor]) -> Tensor:
        """Score any videos for any texts.

        Args:
            model (AllInOne): Not needed; other models' rankers need theirs.
            texts (dict[str, Tensor]): :meth:`encode_texts` of Q texts,
                (Q, S).
            videos (dict[str, Tensor]): :meth:`encode_videos` of G videos,
                (G, V, S).

        Returns:
            Tensor: Mean cosine over the clips of a video, (Q, G), float32.
        """
        return mean_cosine(texts['text_feature'][None],
                           videos['video_feature'].transpose(0, 1))

    def predict(self, batch: 'AllInOneBatch') -> List[ActionDataSample]:
        """Set ``features``: ``text_feature`` and ``video_feature``, (S,).

        That of a video is the mean over its clips: its inner product with
        the text is the mean of their cosines. For several clips it is
        shorter than 1, and normalising it would change the ranking.
        """
        scores = self.scores(batch)
        pairs = zip(
            batch.data_samples,
            scores['text_feature'],
            scores['video_feature'].mean(dim=1),
            strict=True)
        for sample, text, video in pairs:
            sample.features = InstanceData(
                text_feature=text, video_feature=video)
        return batch.data_samples
