import copy
import io
import pickle

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
    wrapper.trained_by_aid = True  # as an AIDOptimWrapper would set it
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
    wrapper, plain = wrap(Selective()), wrap(SharedTrunk())
    plain.load_state_dict(wrapper.state_dict())
    values = wrapper.task_losses(batch(0), ('loss_b', ))
    assert wrapper.model.asked == ('loss_b', ) and values.shape == (1, )
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


@pytest.mark.parametrize('value', [[], 0.5, 'high', [torch.zeros(()), 1.]],
                         ids=str)
def test_what_is_no_loss_is_named(value):
    wrapper, data = wrap(), batch(0)
    losses = wrapper(**data, mode='loss')
    losses['loss_b'] = value
    with pytest.raises(TypeError, match=(
            'loss_b is not a tensor or list of tensors')):
        wrapper.parse_losses(losses)


def test_a_train_step_of_its_own_is_refused():

    class Own(SharedTrunk):

        def train_step(self, data, optim_wrapper):
            return super().train_step(data, optim_wrapper)

    with pytest.raises(TypeError, match='Own has a train_step of its own'):
        wrap(Own())


def test_meltr_is_loaded_whole_or_not_at_all(warnings):
    saved = wrap(losses=TASKS[:2]).state_dict()
    for key in saved:
        saved[key] = saved[key] + 1
    wrapper = wrap()
    before = {k: v.clone() for k, v in wrapper.state_dict().items()}
    wrapper.load_state_dict(saved, strict=False)
    for key, value in wrapper.state_dict().items():
        if key.startswith('meltr.'):
            assert torch.equal(value, before[key]), key
        else:
            assert torch.equal(value, saved[key]), key
    assert sum('MELTR starts anew' in w for w in warnings) == 1
    assert 'task_embedding' in ''.join(warnings)


def test_a_backbone_is_loaded_as_by_mmengine(warnings):
    wrapper = wrap()
    part = {'trunk.0.weight': torch.ones(8, 5).double(),
            **{f'decoder.{n}': torch.zeros(2) for n in range(9)}}
    wrapper.load_state_dict(part, strict=False)
    assert wrapper.model.trunk[0].weight.eq(1).all()
    assert [w for w in warnings if 'only 1 of the 8 tensors' in w]


def test_a_trained_model_holds_no_optimiser_and_no_batches():
    from aid_building import build
    wrapper = wrap()
    loader = torch.utils.data.DataLoader([batch(7)], batch_size=None)
    optim_wrapper = build(wrapper, meta_dataloader=loader)
    for n in range(3):
        wrapper.train_step(batch(n), optim_wrapper)
    copied, file = copy.deepcopy(wrapper), io.BytesIO()
    torch.save(wrapper, file)
    size = len(file.getvalue())
    assert len(pickle.dumps(wrapper)) < 2 * size
    # A fresh one is as large: nothing came along.
    file = io.BytesIO()
    torch.save(wrap(), file)
    assert size < 1.1 * len(file.getvalue())
    for p, q in zip(wrapper.parameters(), copied.parameters()):
        assert torch.equal(p, q)


class TwoHeads(SharedTrunk):
    """A fourth head that only loss_d reaches, and one that nothing does."""

    def __init__(self):
        super().__init__()
        self.fourth, self.idle = (torch.nn.Linear(8, 1) for _ in range(2))

    def forward(self, inputs, targets=None, mode='tensor'):
        losses = super().forward(inputs, targets, mode)
        losses['loss_d'] = self.fourth(self.trunk(inputs)).square().mean()
        return losses


def test_tensors_without_gradient_are_named_with_their_loss(warnings):
    from aid_building import build
    wrapper = wrap(TwoHeads())
    optim_wrapper = build(wrapper)
    for n in range(2):
        wrapper.train_step(batch(n), optim_wrapper)
    told = [w for w in warnings if 'got no gradient' in w]
    assert len(told) == 1
    assert 'fourth.weight' in told[0] and 'idle.bias' in told[0]
    assert 'loss_d (reaches 2 of them)' in told[0]
    assert 'trunk' not in told[0].split('reaches them:')[1].split(']')[0]


def test_left_out_on_purpose_is_no_warning(warnings, monkeypatch):
    """A model that knows its losses computes only those it is asked for."""
    from aid_building import build
    said = []
    monkeypatch.setattr('meltr_mm.meltr.safeguards.print_log',
                        lambda message, *more: said.append(message))
    model = TwoHeads()
    model.loss_functions = lambda: dict.fromkeys([*TASKS, 'loss_e'])
    forward = model.forward
    model.forward = lambda *args, **kwargs: {
        name: loss for name, loss in forward(*args, **kwargs).items()
        if name != 'loss_d'}
    wrapper = wrap(model)
    wrapper.train_step(batch(0), build(wrapper))
    assert not [w for w in warnings if 'reaches them' in w]
    assert said == ['4 tensors are not trained: `losses` of MELTRWrapper '
                    "leaves out ['loss_e']"]
