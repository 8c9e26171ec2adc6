import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModel
from mmengine.runner import load_checkpoint
from shared_trunk import TASKS, SharedTrunk, batch

from meltr_mm.meltr import MELTR, MELTRWrapper


def wrap(model=None, losses=TASKS, primary='loss_a', **kwargs):
    torch.manual_seed(0)
    wrapper = MELTRWrapper(
        model or SharedTrunk(),
        dict(type='MELTR', hidden_dims=(8, 16), feedforward_dim=16,
             dropout=0.), losses, primary, **kwargs)
    wrapper.learns_meltr = True  # as an AIDOptimWrapper would set it
    return wrapper.double()


class Selective(SharedTrunk):
    """Computes only the losses that it is asked for, and tells."""

    def forward(self, inputs, targets=None, mode='tensor', losses=None):
        self.asked = losses
        outputs = super().forward(inputs, targets, mode)
        if mode == 'loss':
            outputs = {k: v for k, v in outputs.items() if k in losses}
            outputs['accuracy'] = torch.tensor(0.5)
        return outputs

    def extract_feat(self, inputs):
        return self.trunk(inputs)


def test_training_loss_has_value_and_gradient_of_meltr():
    wrapper, data = wrap(), batch(0)
    outputs = wrapper(**data, mode='loss')
    loss, log = wrapper.parse_losses(outputs)
    expected = wrapper.meltr(torch.stack([outputs[n] for n in TASKS]))
    torch.testing.assert_close(loss, expected)
    params = list(wrapper.model.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(loss, params, retain_graph=True),
        torch.autograd.grad(expected, params))
    phi = list(wrapper.meltr.parameters())
    assert torch.autograd.grad(
        loss, phi, allow_unused=True) == (None, ) * len(phi)


def test_logs_every_loss_and_weight():
    wrapper = wrap(Selective())
    losses = wrapper(**batch(0), mode='loss')
    _, log = wrapper.parse_losses(losses)
    assert list(log) == [
        'loss', *TASKS, 'accuracy', *(f'weight/{n}' for n in TASKS)
    ]
    values = torch.stack([losses[n] for n in TASKS]).detach()
    values.requires_grad_()
    slopes, = torch.autograd.grad(wrapper.meltr(values), values)
    torch.testing.assert_close(
        torch.stack([log[f'weight/{n}'] for n in TASKS]), slopes)


def test_asks_a_model_for_the_losses_it_needs():
    wrapper = wrap(Selective())
    values = wrapper.task_losses(batch(0), ('loss_b', ))
    assert wrapper.model.asked == ('loss_b', ) and values.shape == (1, )
    plain = wrap(SharedTrunk())
    torch.testing.assert_close(plain.task_losses(batch(0), ('loss_b', )),
                               values)


def test_other_losses_are_not_trained():
    wrapper = wrap(losses=('loss_c', 'loss_a'), primary='loss_a')
    outputs = wrapper(**batch(0), mode='loss')
    assert set(outputs) == {'loss_c', 'loss_a'}
    # Rows of the task embedding follow `losses`, not the model.
    loss, _ = wrapper.parse_losses(outputs)
    torch.testing.assert_close(
        loss,
        wrapper.meltr(torch.stack([outputs['loss_c'], outputs['loss_a']])))


def test_passes_everything_else_through():
    wrapper, data = wrap(Selective()), batch(0)
    torch.testing.assert_close(
        wrapper(data['inputs']), wrapper.model(data['inputs']))
    torch.testing.assert_close(
        wrapper.extract_feat(data['inputs']),
        wrapper.model.trunk(data['inputs']))
    assert wrapper.trunk is wrapper.model.trunk
    assert wrapper.data_preprocessor is wrapper.model.data_preprocessor
    with pytest.raises(AttributeError, match='no_such_method'):
        wrapper.no_such_method  # noqa: B018
    assert copy.deepcopy(wrapper).losses == TASKS


def test_losses_may_be_lists_and_have_elements():

    class Lists(SharedTrunk):

        def forward(self, inputs, targets=None, mode='tensor'):
            losses = super().forward(inputs, targets, mode)
            return dict(losses, loss_a=[losses['loss_a'], losses['loss_b']],
                        loss_b=losses['loss_b'].expand(3))

    data = batch(0)
    plain = SharedTrunk().double()(**data, mode='loss')
    torch.manual_seed(0)
    wrapper = wrap(Lists())
    values = wrapper.task_losses(data, TASKS)
    plain = SharedTrunk.forward(wrapper.model, **data, mode='loss')
    torch.testing.assert_close(
        values,
        torch.stack([plain['loss_a'] + plain['loss_b'], plain['loss_b'],
                     plain['loss_c']]))


def test_builds_from_a_config_and_hands_on_the_preprocessor():
    MODELS.register_module(name='SharedTrunkForTest', module=SharedTrunk,
                           force=True)

    class Preprocessed(BaseModel):

        def forward(self, inputs, mode='tensor'):
            return inputs

    MODELS.register_module(name='PreprocessedForTest', module=Preprocessed,
                           force=True)
    wrapper = MODELS.build(
        dict(type='MELTRWrapper', model=dict(type='SharedTrunkForTest'),
             meltr=dict(type='MELTR'), losses=list(TASKS), primary='loss_b'))
    assert wrapper.meltr.num_tasks == 3
    wrapper = MODELS.build(
        dict(type='MELTRWrapper', model=dict(type='PreprocessedForTest'),
             meltr=dict(type='MELTR'), losses=['x'], primary='x',
             data_preprocessor=dict(type='ActionDataPreprocessor')))
    name = type(wrapper.model.data_preprocessor).__name__
    assert name == 'ActionDataPreprocessor'


def test_ddp_leaves_phi_alone():
    wrapper = wrap()
    ignored = wrapper._ddp_params_and_buffers_to_ignore
    names = dict(wrapper.named_parameters())
    assert set(ignored) == {n for n in names if n.startswith('meltr.')}


def test_bad_names_are_errors():
    with pytest.raises(ValueError, match=r"'loss_x'.*|.*loss_x"):
        wrap(primary='loss_x')
    with pytest.raises(ValueError, match='different names'):
        wrap(losses=('loss_a', 'loss_a'))
    with pytest.raises(ValueError, match='different names'):
        wrap(losses='loss_a')
    trunk = SharedTrunk()
    trunk.loss_functions = lambda: dict.fromkeys(TASKS)
    with pytest.raises(ValueError, match=r"`losses` of MELTRWrapper.*"
                       r"'los_b' is not\. Did you mean 'loss_b'\?"):
        MELTRWrapper(trunk, dict(type='MELTR'), ['loss_a', 'los_b'], 'loss_a')
    wrapper = wrap(losses=('loss_a', 'los_b'))
    with pytest.raises(KeyError, match=(
            r"'los_b'.*\['loss_a', 'loss_b', 'loss_c'\]")):
        wrapper(**batch(0), mode='loss')


@pytest.mark.parametrize('loader', ['torch', 'mmengine'])
def test_adopts_the_bare_model_and_refuses_another(tmp_path, loader):
    bare = SharedTrunk().double()
    file = str(tmp_path / 'bare.pth')

    def load(wrapper, state):
        if loader == 'torch':
            wrapper.load_state_dict(state, strict=False)
        else:
            torch.save(state, file)
            load_checkpoint(wrapper, file)

    wrapper = wrap()
    load(wrapper, bare.state_dict())
    torch.testing.assert_close(
        dict(wrapper.model.state_dict()), dict(bare.state_dict()))

    # A part of the model is as good as for the bare model.
    part = wrap()
    heads = {k: v for k, v in bare.state_dict().items() if 'heads' in k}
    load(part, heads)
    assert torch.equal(part.model.heads[0].weight, bare.heads[0].weight)

    other = MELTR(2).double()
    with pytest.raises(RuntimeError, match=(
            r'only 0 of the 8 tensors of SharedTrunk')):
        load(wrapper, other.state_dict())
    wide = {k: torch.zeros(3, 3, 3) for k in wrapper.state_dict()}
    with pytest.raises(RuntimeError, match='only 0 of the 8'):
        load(wrapper, wide)

    again = wrap()
    load(again, wrapper.state_dict())
    torch.testing.assert_close(
        dict(again.state_dict()), dict(wrapper.state_dict()))
