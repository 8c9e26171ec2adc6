"""What every model must satisfy, tested with the fixtures of its folder.

A model's test file derives its TestContract from one of the classes, and
calls the functions in the tests that need the model's own preparation.
"""
import re

import pytest
import torch
import torch.nn.functional as F
from zip_equal import zip_equal


class ModelContract:
    """Of all models."""

    #: Every loss, in its order.
    names = ()

    def test_losses_have_their_order_and_a_gradient_each(self, model, batch):
        losses = model(*batch, mode='loss')
        assert list(losses) == self.names
        for value in losses.values():
            assert value.shape == () and value.requires_grad
            value.backward(retain_graph=True)
        assert not [name for name, parameter in model.named_parameters()
                    if parameter.grad is None]

    def test_unknown_loss_is_named(self, model, batch):
        wrong = [self.names[0][:-1]]
        message = f'among {self.names}, but got {wrong}'
        with pytest.raises(ValueError, match=re.escape(message)):
            model(*batch, mode='loss', losses=wrong)

    def test_without_dropout_training_equals_evaluation(self, model, batch):
        evaluated = model(*batch, mode='loss')
        trained = model.train()(*batch, mode='loss')
        for name, value in evaluated.items():
            torch.testing.assert_close(trained[name], value)

    def test_autocast_keeps_losses_in_float32(self, model, batch):
        with torch.autocast('cpu', torch.bfloat16):
            losses = model(*batch, mode='loss')
        assert {value.dtype for value in losses.values()} == {torch.float32}
        sum(losses.values()).backward()

    def test_wrong_calls_are_refused(self, model, batch):
        inputs, samples = batch
        with pytest.raises(ValueError, match='mode must be'):
            model(inputs, samples, mode='train')
        with pytest.raises(ValueError, match='data_samples'):
            model(inputs)
        del samples[1].text_ids
        with pytest.raises(ValueError, match=r"'text_ids'.*those at \[1\]"):
            model(inputs, samples)


class AnsweringContract(ModelContract):
    """Of a model that answers questions, with three of them in its batch."""

    def test_answers_outside_the_vocabulary_do_not_count(self, model, batch):
        frames, samples = batch
        logits = model(frames, samples)
        samples[1].set_gt_label(-1)
        loss, = model(
            frames, samples, mode='loss', losses=['loss_qa']).values()
        labels = torch.cat([sample.gt_label for sample in samples])
        torch.testing.assert_close(
            loss, F.cross_entropy(logits[[0, 2]], labels[[0, 2]]))

    def test_predict(self, model, batch):
        frames, samples = batch
        for sample in samples:
            for field in set(sample.keys()) - {'text_ids', 'text_mask'}:
                delattr(sample, field)
        logits = model(frames, samples)
        predicted = model(frames, samples, mode='predict')
        for sample, row in zip_equal(predicted, logits):
            torch.testing.assert_close(sample.pred_score, row.softmax(0))
            assert sample.pred_label.tolist() == [row.argmax().item()]

    def test_autocast_keeps_scores_in_float32(self, model, batch):
        with torch.autocast('cpu', torch.bfloat16):
            predicted = model(*batch, mode='predict')
        assert predicted[0].pred_score.dtype == torch.float32


def count_calls(module):
    """A list that grows with every call of the module."""
    calls = []
    module.register_forward_hook(lambda *args: calls.append(1))
    return calls


def check_subset(model, batch, names, parts, calls):
    """Losses by themselves are the same, in order, for so few calls of parts.

    Args:
        names (list[str], optional): The losses; None = all.
        parts (list[nn.Module]): Parts of the model.
        calls (tuple[int]): How often each is called for these losses.
    """
    everything = model(*batch, mode='loss')
    counts = [count_calls(part) for part in parts]
    some = model(*batch, mode='loss', losses=names)
    assert tuple(map(len, counts)) == calls
    assert list(some) == [
        name for name in everything if names is None or name in names]
    for name, value in some.items():
        torch.testing.assert_close(value, everything[name])


def check_zero_with_a_graph(losses, names, heads):
    """The losses of these names are 0, and so are the gradients of heads."""
    sum(losses.values()).backward()
    assert [losses[name].item() for name in names] == [0.] * len(names)
    for head in heads:
        assert all(torch.equal(p.grad, torch.zeros_like(p))
                   for p in head.parameters())


def check_same_gradients(models, batch):
    """The models' losses have the same gradients with the same dropout."""
    grads = []
    for model in models:
        torch.manual_seed(1)
        losses = model.train()(*batch, mode='loss')
        grads.append(
            torch.autograd.grad(
                sum(losses.values()), list(model.parameters())))
    for first, second in zip_equal(*grads):
        torch.testing.assert_close(first, second)


def check_refuses_to_rank(model, batch):
    """Of a model with another target than retrieval, whatever is called."""
    inputs, samples = batch
    calls = [lambda: model.encode_texts(samples),
             lambda: model.encode_videos(inputs, samples),
             lambda: model.score({}, {}),
             lambda: model.predict_all({}, samples, 1, 1)]
    for call in calls:
        with pytest.raises(ValueError, match=(
                f'target is retrieval, but that of this {type(model).__name__}'
                f" is '{model.target}'.*ValLoop")):
            call()


def check_one_batch_is_no_gallery(model, batch):
    """Of a model with the target retrieval."""
    assert model.target == 'retrieval'
    with pytest.raises(ValueError, match='RetrievalValLoop'):
        model(*batch, mode='predict')
