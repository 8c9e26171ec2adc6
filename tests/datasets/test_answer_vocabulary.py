import itertools
import json

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from meltr_mm.datasets.answer_vocabulary import (
    labels_of,
    most_frequent_answers,
    read_answers,
)


def test_the_most_frequent_in_alphabetical_order():
    answers = ['b', 'c', 'a', 'c', 'b', 'c', 'a', 'd']
    assert most_frequent_answers(answers, 3) == ['a', 'b', 'c']
    assert most_frequent_answers(answers, 9) == ['a', 'b', 'c', 'd']


def test_of_equally_frequent_answers_the_first_in_the_file_counts():
    answers = ['b', 'c', 'a', 'c', 'b', 'c', 'a', 'd']
    assert most_frequent_answers(answers, 2) == ['b', 'c']
    assert most_frequent_answers(answers[::-1], 2) == ['a', 'c']


@pytest.mark.parametrize('name, content', [
    ('a.json', '["dog", " cat"]'), ('a.json', '{" cat": 1, "dog": 0}'),
    ('a.json', '{"vocab": ["dog", " cat"], "train": []}'),
    ('a.txt', 'dog\n cat\n')])
def test_forms_of_a_vocabulary(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert read_answers(str(tmp_path / name)) == ['dog', ' cat']


def test_blanks_around_an_answer_do_not_matter():
    assert labels_of(['ride ', 'dog', ' cat', 'cat', 'dog ']) == dict(
        ride=0, dog=1, cat=3)


NUMBERS = itertools.count()


class Nothing(BaseModel):
    """A model without a use, that trains and answers."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, inputs, data_samples=None, mode='loss', **kwargs):
        return dict(loss=self.weight.sum()) if mode == 'loss' else [0]


class Silent(BaseMetric):

    def process(self, data_batch, data_samples):
        pass

    def compute_metrics(self, results):
        return {}

    def evaluate(self, size):
        return {}


@pytest.fixture
def runner(tmp_path):
    """A runner of questions about clips with the given vocabularies."""

    def loader(name, vocab):
        row = dict(video='v', question='what?', answer=0)
        (tmp_path / f'{name}.json').write_text(
            json.dumps(dict(train=[row], vocab=vocab)))
        return dict(
            batch_size=1, num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(
                type='MSVDQADataset', data_root=str(tmp_path),
                ann_file=f'{name}.json', data_prefix=None,
                pipeline=[lambda info: dict(inputs=torch.zeros(1))]))

    def build(train=None, val=None, test=None, num_answers=2, **options):
        if train is not None:
            options.update(
                train_dataloader=loader('train', train),
                train_cfg=dict(by_epoch=True, max_epochs=1, val_interval=9),
                optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)))
        for split, vocab in dict(val=val, test=test).items():
            if vocab is not None:
                options.update({
                    f'{split}_dataloader': loader(split, vocab),
                    f'{split}_cfg': dict(),
                    f'{split}_evaluator': [Silent()]})
        runner = Runner(
            model=Nothing(), work_dir=str(tmp_path / 'run'),
            default_hooks=dict(answers=dict(type='AnswerVocabularyHook')),
            experiment_name=f'answers{next(NUMBERS)}',
            cfg=dict(model=dict(model=dict(task=dict(
                num_answers=num_answers)))),
            default_scope='mmaction', **options)
        return runner

    return build


def test_weights_of_other_answers_are_not_tested(runner, tmp_path):
    runner(train=['dog', 'cat']).train()
    weights = str(tmp_path / 'run' / 'epoch_1.pth')
    runner(test=['dog', 'cat'], load_from=weights).test()
    with pytest.raises(ValueError, match="test data: 2 of 2 differ, the "
                       "first is number 0, 'dog' instead of 'cat'"):
        runner(test=['cat', 'dog'], load_from=weights).test()
    with pytest.raises(ValueError, match='training data: 2 instead of 1'):
        runner(train=['dog'], load_from=weights, resume=True).train()


def test_training_may_start_from_other_answers(runner, tmp_path):
    runner(train=['dog', 'cat']).train()
    weights = str(tmp_path / 'run' / 'epoch_1.pth')
    runner(train=['ant', 'cat'], load_from=weights).train()
    log = ''.join(p.read_text() for p in (tmp_path / 'run').rglob('*.log'))
    assert "'dog' instead of 'ant'" in log


def test_model_with_too_few_outputs(runner):
    with pytest.raises(ValueError, match='num_answers=2, .* training .* 3'):
        runner(train=['a', 'b', 'c']).train()
    runner(train=['a', 'b', 'c'], num_answers=4).train()


def test_validation_with_other_answers(runner):
    with pytest.raises(ValueError, match='validation data are not .*2 inst'):
        runner(train=['a'], val=['a', 'b']).train()
