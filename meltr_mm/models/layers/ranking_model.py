"""What models that find videos by texts have in common.

Shapes: B samples, Q texts, G videos.
"""
from abc import abstractmethod
from typing import Any, Dict, Optional, Protocol, Sequence

from mmaction.structures import ActionDataSample
from torch import Tensor

from .video_text_model import VideoTextModel

Features = Dict[str, Tensor]


class Ranker(Protocol):
    """The part of a model that knows how texts and videos are compared."""

    def encode_videos(self, batch: Any) -> Features:
        """Encode the videos of a batch."""

    def encode_texts(self, batch: Any) -> Features:
        """Encode its texts."""

    def rank_videos(self, model: Any, texts: Features,
                    videos: Features) -> Tensor:
        """Score any videos for any texts, (Q, G)."""


class RankingModel(VideoTextModel):
    """A model that can encode texts and videos apart, where it ranks.

    MMAction2's retrieval loops take pairs of a data set; with these methods
    a gallery of videos is encoded once, kept, and searched by any text. The
    inputs of :meth:`batch_of` are None where there are texts only.

    Args:
        data_preprocessor (dict or nn.Module, optional): One of MMAction2's.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    @abstractmethod
    def _ranker(self) -> Optional[Ranker]:
        """Give the part that compares, or None if the target is another."""

    def extract_feat(
            self,
            inputs: Optional[Tensor] = None,
            data_samples: Optional[Sequence[ActionDataSample]] = None,
            return_texts: bool = True) -> Features:
        """Encode videos and texts, together or apart.

        Args:
            inputs (Tensor, optional): B videos, (B, ...) as for ``forward``.
                Defaults to None: no videos.
            data_samples (Sequence[ActionDataSample], optional): B samples,
                with what ``forward`` reads from them. Defaults to None.
            return_texts (bool): Encode the texts of the samples. Defaults to
                True.

        Returns:
            dict[str, Tensor]: What :meth:`rank_videos` takes, (B, ...): one
            row per video or text.

        Raises:
            ValueError: If the model's target is not retrieval.
        """
        ranker = self._need_ranker('extract_feat')
        batch = self.batch_of(inputs, data_samples, 'tensor')
        features: Features = {}
        if inputs is not None:
            features.update(ranker.encode_videos(batch))
        if return_texts and data_samples is not None:
            features.update(ranker.encode_texts(batch))
        return features

    def rank_videos(self, texts: Features, videos: Features) -> Tensor:
        """Score videos for texts, both encoded by :meth:`extract_feat`.

        Args:
            texts (dict[str, Tensor]): Features of Q texts, (Q, ...).
            videos (dict[str, Tensor]): Features of G videos, (G, ...).

        Returns:
            Tensor: (Q, G), float32; more is better.

        Raises:
            ValueError: If the model's target is not retrieval.
        """
        ranker = self._need_ranker('rank_videos')
        return ranker.rank_videos(self, texts, videos)

    def _need_ranker(self, method: str) -> Ranker:
        ranker = self._ranker()
        if ranker is None:
            raise ValueError(
                f'{method} is for a {type(self).__name__} whose target is '
                'retrieval, but that of this one is another; use a config '
                'and a checkpoint of retrieval')
        return ranker
