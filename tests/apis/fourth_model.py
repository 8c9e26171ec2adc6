"""A fourth model, all of it: two averages, a linear layer for each task.

This file and a config are what a new model needs: it trains, is evaluated
and answers through the inferencers like those of the package.
"""
from functools import cached_property

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from torch import nn

from meltr_mm.models.layers import (
    AnsweringTask,
    Objective,
    RetrievalTask,
    SampleBatch,
    VideoTextModel,
)


class Averages(SampleBatch):
    """A batch as two vectors per sample, (B, D) each."""

    def __init__(self, model, frames, data_samples):
        super().__init__(model, data_samples)
        self.frames = frames

    @cached_property
    def colours(self):
        """(B, 12): four cells of the mean frame."""
        frames = self.frames[:, 0].mean(dim=2)
        return F.adaptive_avg_pool2d(frames, 2).flatten(1)

    @cached_property
    def video(self):
        return self.model.see(self.colours)

    @cached_property
    def text(self):
        mask = self.field('text_mask')[:, :, None]
        words = self.model.words(self.field('text_ids'))
        return (words * mask).sum(dim=1) / mask.sum(dim=1)


class ColourObjective(Objective):
    """What helps: to tell the colours of a video from its vector."""

    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, 12)

    def loss_functions(self):
        return dict(loss_colour=self.loss)

    def loss(self, model, batch):
        return F.mse_loss(self.fc(batch.video), batch.colours)


@MODELS.register_module()
class AveragesQA(AnsweringTask):

    def __init__(self, width, num_answers):
        super().__init__()
        self.fc = nn.Linear(2 * width, num_answers)

    def outputs(self, model, batch):
        return self.fc(torch.cat([batch.video, batch.text], dim=1))


@MODELS.register_module()
class AveragesRetrieval(RetrievalTask):

    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def loss_functions(self):
        return dict(loss_contrast=self.loss)

    def loss(self, model, batch):
        scores = self.score(model, self.encode_texts(model, batch),
                            self.encode_videos(model, batch))
        return F.cross_entropy(scores, torch.arange(len(scores)))

    def encode_texts(self, model, batch):
        return dict(text=batch.text)

    def encode_videos(self, model, batch):
        return dict(video=batch.video)

    def score(self, model, texts, videos):
        return self.scale * texts['text'] @ videos['video'].T


@MODELS.register_module()
class AveragesModel(VideoTextModel):

    def __init__(self, task, width=8, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.words = nn.Embedding(30522, width)
        self.see = nn.Linear(12, width)
        self.task = MODELS.build({**task, 'width': width})
        self.colour = ColourObjective(width)

    def objectives(self):
        return [self.task, self.colour]

    def batch_of(self, inputs, data_samples, mode):
        return Averages(self, inputs, data_samples)
