import copy

import pytest
import tiny_violet
import torch
from tiny_violet import build, make_batch


@pytest.fixture
def tiny():
    return tiny_violet


@pytest.fixture
def batch():
    return make_batch(3)


@pytest.fixture
def choice_config(config):
    task = dict(type='VioletMultipleChoiceQA', dropout=0.)
    return {**copy.deepcopy(config), 'task': task}


@pytest.fixture
def choice_model(choice_config):
    return build(choice_config)


@pytest.fixture
def choice_batch():
    """Three questions with four options each, as rows of one batch."""
    frames, samples = make_batch(3)
    texts = [make_batch(3, seed)[1] for seed in range(1, 5)]
    for i, sample in enumerate(samples):
        for name in ('text_ids', 'text_mask', 'masked_text_ids',
                     'mtm_labels'):
            options = [text[i].get(name) for text in texts]
            sample.set_data({name: torch.stack(options)})
        sample.set_gt_label((i + 2) % 4)
    return frames, samples


@pytest.fixture
def retrieval_config(config):
    task = dict(type='VioletRetrieval', block=2)
    return {**copy.deepcopy(config), 'task': task}


@pytest.fixture
def retrieval_model(retrieval_config):
    return build(retrieval_config)
