"""The parts of a model that say what it learns and what it predicts.

Every foundation model here is a body of encoders and some of these parts.
They own the parameters that only their losses or predictions need, and get
the model and a batch with each call. Shapes: B samples, K answers, Q texts, G
videos.
"""
from abc import ABCMeta, abstractmethod
from typing import Any, Callable, Dict, List, Tuple

import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel, BaseModule
from torch import Tensor

from .gallery import Features, Gallery

LossFunction = Callable[[BaseModel, Any], Tensor]

IGNORED = -1


class Objective(BaseModule, metaclass=ABCMeta):
    """A part of a model that has losses."""

    @abstractmethod
    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses: scalar functions of model and batch, in order."""


class TargetTask(Objective):
    """An objective that a model is fine-tuned for, so that it predicts.

    ``target`` is what can be asked of the model: 'answer' (to a question,
    from a vocabulary), 'choice' (among given options), 'retrieval' (videos
    for a text), 'caption' or 'sentiment'.
    """

    target: str

    @abstractmethod
    def outputs(self, model: BaseModel, batch: Any) -> Any:
        """Compute what is predicted from: the model's 'tensor' mode."""

    @abstractmethod
    def predict(self, model: BaseModel,
                batch: Any) -> List[ActionDataSample]:
        """Write predictions into the data samples and return them."""


class AnsweringTask(TargetTask):
    """Choose one of K answers, of a vocabulary or of given options.

    Reads ``gt_label``, (1,) int64; -1 is an answer outside the vocabulary,
    which does not count.
    """

    target = 'answer'
    loss_name = 'loss_qa'

    @abstractmethod
    def outputs(self, model: BaseModel, batch: Any) -> Tensor:
        """Score the answers, (B, K)."""

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the one loss."""
        return {self.loss_name: self.answer_loss}

    def answer_loss(self, model: BaseModel, batch: Any) -> Tensor:
        """Cross entropy over the answers, mean over those that count."""
        labels = batch.field('gt_label').flatten()
        return labelled_cross_entropy(self.outputs(model, batch), labels)

    def predict(self, model: BaseModel,
                batch: Any) -> List[ActionDataSample]:
        """Set ``pred_score`` (K,), softmax in float32, and ``pred_label``."""
        scores = self.outputs(model, batch).float().softmax(dim=-1)
        for sample, score in zip(batch.data_samples, scores):
            sample.set_pred_score(score)
            sample.set_pred_label(score.argmax(keepdim=True))
        return batch.data_samples


class RetrievalTask(TargetTask):
    """Rank videos for texts, and texts for videos.

    Both are encoded apart, so that a gallery is encoded once for all
    queries. The names of the features begin with ``text`` and ``video``,
    one row per item.
    """

    target = 'retrieval'

    @abstractmethod
    def encode_texts(self, model: BaseModel, batch: Any) -> Features:
        """Encode the texts of a batch, (B, ...) each."""

    @abstractmethod
    def encode_videos(self, model: BaseModel, batch: Any) -> Features:
        """Encode its videos, (B, ...) each."""

    @abstractmethod
    def score(self, model: BaseModel, texts: Features,
              videos: Features) -> Tensor:
        """Score any videos for any texts, (Q, G); more is better."""

    def rank(self, model: BaseModel,
             gallery: Gallery) -> Tuple[Tensor, Tensor]:
        """Score a whole data set.

        Returns:
            tuple[Tensor, Tensor]: By what videos are ranked for each text,
            (Q, G), and texts for each video, (G, Q). Here the same scores.
        """

        def score(texts: Features, videos: Features) -> Tensor:
            return self.score(model, texts, videos)

        scores = gallery.scores(score)
        return scores, scores.T

    def outputs(self, model: BaseModel, batch: Any) -> Features:
        """Encode texts and videos apart from each other, (B, ...) each."""
        return {
            **self.encode_texts(model, batch),
            **self.encode_videos(model, batch)
        }

    def predict(self, model: BaseModel,
                batch: Any) -> List[ActionDataSample]:
        """Refuse: a batch is not the gallery.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            'retrieval ranks all videos of a data set, not those of a batch; '
            "set val_cfg=dict(type='RetrievalValLoop') and "
            "test_cfg=dict(type='RetrievalTestLoop')")


def labelled_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of the rows that have a label.

    Equals ``F.cross_entropy(..., ignore_index=-1)`` wherever that is finite.
    Where no row has a label it is 0 with a graph, not NaN: a batch that
    lacks a task must neither stop the run nor change the set of parameters
    that get a gradient.

    Args:
        logits (Tensor): Scores, (..., K), any floating type; computed in
            float32.
        labels (Tensor): int64 in 0..K-1, or -1 for "no label", (...).

    Returns:
        Tensor: Scalar, float32 (float64 for float64 logits).
    """
    logits = logits.flatten(0, -2)
    labels = labels.flatten()
    if logits.element_size() < 4:
        logits = logits.float()
    total = F.cross_entropy(
        logits, labels, ignore_index=IGNORED, reduction='sum')
    return total / (labels != IGNORED).sum().clamp(min=1)
