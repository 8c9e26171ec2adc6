"""What a video-text model is: a body of encoders, objectives and a task.

The objectives say what it learns, one of them, the task, also what it
predicts. They own the parameters that only their losses or predictions need,
and get the model and a batch with each call. Shapes: B samples, K answers, Q
texts, G videos.
"""
from abc import ABCMeta, abstractmethod
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel, BaseModule
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from .gallery import Features, Gallery, Predictions

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


MODES = ('loss', 'predict', 'tensor')


class VideoTextModel(BaseModel, metaclass=ABCMeta):
    """A model with several losses and one target task.

    A subclass has ``task``, a :class:`TargetTask`, and says in
    :meth:`batch_of` what it makes of a batch. That is all that runners, MELTR
    and the inferencers need. If the target is retrieval, texts and videos
    can be encoded apart, kept, and compared in any combination.

    Args:
        data_preprocessor (dict or nn.Module, optional): One of MMAction2's.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    task: TargetTask

    def __init__(self,
                 data_preprocessor: Optional[Dict] = None,
                 init_cfg: Optional[Dict] = None) -> None:
        # BaseModel asks MMEngine's own registry, which finds MMAction2's
        # preprocessor only where a runner has set the default scope.
        if isinstance(data_preprocessor, dict):
            data_preprocessor = MODELS.build(data_preprocessor)
        super().__init__(data_preprocessor, init_cfg)

    @abstractmethod
    def batch_of(self, inputs: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]],
                 mode: str) -> Any:
        """Read a batch.

        Args:
            inputs (Tensor, optional): B videos, (B, ...), as the data
                preprocessor gives them; None where only texts are encoded.
            data_samples (Sequence[ActionDataSample], optional): B samples.
            mode (str): Of :meth:`forward`.

        Returns:
            Any: What the objectives read, usually a :class:`SampleBatch`.
        """

    def objectives(self) -> List[Objective]:
        """Give the parts that have losses, in order; here the target."""
        return [self.task]

    @property
    def target(self) -> str:
        """str: What can be asked of the model; see :class:`TargetTask`."""
        return self.task.target

    def forward(
        self,
        inputs: Tensor,
        data_samples: Optional[Sequence[ActionDataSample]] = None,
        mode: str = 'tensor',
        losses: Optional[Sequence[str]] = None
    ) -> Union[Any, Dict[str, Tensor], List[ActionDataSample]]:
        """Run the model.

        Args:
            inputs (Tensor): What the model reads; see :meth:`batch_of`.
            data_samples (Sequence[ActionDataSample]): B samples.
            mode (str): 'loss', 'predict' or 'tensor' (default).
            losses (Sequence[str], optional): In loss mode, compute these
                only. Defaults to None: all.

        Returns:
            dict, list or Any: Scalar losses by name, in the model's order;
            the samples with predictions; or what the target predicts from:
            scores of the answers (B, K), features by name (retrieval).

        Raises:
            ValueError: If a shape, mode or loss name is not one of the
                model's, or a needed field is absent.
        """
        if mode not in MODES:
            raise ValueError(f'mode must be one of {MODES}, but got {mode!r}')
        batch = self.batch_of(inputs, data_samples, mode)
        if mode == 'loss':
            return self.loss(batch, losses)
        if mode == 'predict':
            return list(self.task.predict(self, batch))
        return self.task.outputs(self, batch)

    def loss_functions(self) -> Dict[str, Callable[[Any], Tensor]]:
        """Name the losses: functions of a batch, in order."""
        return {
            name: partial(function, self)
            for objective in self.objectives()
            for name, function in objective.loss_functions().items()
        }

    def loss(self,
             batch: Any,
             losses: Optional[Sequence[str]] = None) -> Dict[str, Tensor]:
        """Compute losses by name, and nothing else.

        Args:
            batch (Any): The batch, of :meth:`batch_of`.
            losses (Sequence[str], optional): Names. Defaults to all.

        Returns:
            dict[str, Tensor]: Scalars, in the order of
            :meth:`loss_functions`.

        Raises:
            ValueError: If a name is not among them.
        """
        functions = self.loss_functions()
        names = list(functions) if losses is None else list(losses)
        unknown = [name for name in names if name not in functions]
        if unknown:
            raise ValueError(
                f'losses must be among {list(functions)}, but got {unknown}')
        return {
            name: function(batch)
            for name, function in functions.items() if name in names
        }

    # ------------------------------------- for models that retrieve videos

    def encode_texts(self,
                     data_samples: Sequence[ActionDataSample]) -> Features:
        """Encode the texts of Q samples.

        Returns:
            dict[str, Tensor]: (Q, ...) each, for :meth:`score`.

        Raises:
            ValueError: If the target is not retrieval.
        """
        task = self._retrieval('encode_texts')
        return task.encode_texts(
            self, self.batch_of(None, data_samples, 'tensor'))

    def encode_videos(
            self,
            inputs: Tensor,
            data_samples: Optional[Sequence[ActionDataSample]] = None
    ) -> Features:
        """Encode G videos.

        Args:
            inputs (Tensor): As for :meth:`forward`.
            data_samples (Sequence[ActionDataSample], optional): G samples,
                for models that read something of the video from them.

        Returns:
            dict[str, Tensor]: (G, ...) each, for :meth:`score`.

        Raises:
            ValueError: If the target is not retrieval.
        """
        task = self._retrieval('encode_videos')
        return task.encode_videos(
            self, self.batch_of(inputs, data_samples, 'tensor'))

    def score(self, texts: Features, videos: Features) -> Tensor:
        """Score any videos for any texts.

        Args:
            texts (dict[str, Tensor]): Of :meth:`encode_texts`, (Q, ...).
            videos (dict[str, Tensor]): Of :meth:`encode_videos`, (G, ...).

        Returns:
            Tensor: (Q, G), float32; more is better.

        Raises:
            ValueError: If the target is not retrieval.
        """
        return self._retrieval('score').score(self, texts, videos).float()

    def predict_all(self, feats: Features,
                    data_samples: Sequence[ActionDataSample], num_images: int,
                    num_texts: int) -> Tuple[Predictions, Predictions]:
        """Rank a whole data set, as MMAction2's retrieval loops ask for.

        Args:
            feats (dict[str, Tensor]): What :meth:`forward` gave in 'tensor'
                mode for all batches of this process, concatenated.
            data_samples (Sequence[ActionDataSample]): One per row of them;
                see :class:`Gallery`.
            num_images (int): Videos of the data set.
            num_texts (int): Texts of the data set.

        Returns:
            tuple[list, list]: This process's share of the videos and of the
            texts; see :meth:`Gallery.predictions`.

        Raises:
            ValueError: If the target is not retrieval, or the samples of all
                processes are not the data set.
        """
        task = self._retrieval('predict_all')
        gallery = Gallery(feats, data_samples, num_images, num_texts)
        return gallery.predictions(*task.rank(self, gallery))

    def _retrieval(self, method: str) -> RetrievalTask:
        if not isinstance(self.task, RetrievalTask):
            raise ValueError(
                f'{method} is for a model whose target is retrieval, but that '
                f'of this {type(self).__name__} is {self.target!r}, '
                f'{type(self.task).__name__}; use a config and a checkpoint '
                "of retrieval, or val_cfg=dict(type='ValLoop') and "
                "test_cfg=dict(type='TestLoop')")
        return self.task


class SampleBatch:
    """What a model knows of a batch, each part computed at most once.

    Subclasses add what the losses share as ``functools.cached_property``, so
    that a subset of the losses runs only the passes that it needs.

    Args:
        model (nn.Module): Computes the features; its parameters say where
            the samples' fields are moved.
        data_samples (Sequence[BaseDataElement], optional): B samples. None
            where only the inputs are encoded.
    """

    def __init__(self, model: nn.Module,
                 data_samples: Optional[Sequence[BaseDataElement]]) -> None:
        self.model = model
        self.data_samples = data_samples

    def field(self, name: str) -> Tensor:
        """Stack one tensor field of the samples, (B, *its shape).

        Raises:
            ValueError: If there are no samples, one lacks the field, or its
                shapes differ.
        """
        samples = self.data_samples
        if not samples:
            raise ValueError(
                f'data_samples with the field {name!r} are needed, but got '
                f'{samples!r}; pass the data samples of the batch')
        lacking = [i for i, sample in enumerate(samples)
                   if name not in sample]
        if lacking:
            raise ValueError(
                f'every data sample must have the field {name!r}, but those '
                f'at {lacking} have not; they have '
                f'{sorted(samples[0].keys())}. Add the transform that makes '
                f'it to the pipeline')
        device = next(self.model.parameters()).device
        values = [sample.get(name).to(device) for sample in samples]
        shapes = {tuple(value.shape) for value in values}
        if len(shapes) > 1:
            raise ValueError(
                f'the field {name!r} must have one shape in a batch, but has '
                f'{sorted(shapes)}; pad or crop it in the pipeline')
        return torch.stack(values)
