import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from model_contract import (
    AnsweringContract,
    check_same_gradients,
    check_subset,
    check_zero_with_a_graph,
)
from tiny_all_in_one import build, make_batch
from torch import nn

from meltr_mm.meltr import MELTR
from meltr_mm.meltr.hypergradient import hypergradient
from meltr_mm.models.all_in_one import AllInOneBatch

NAMES = ['loss_mlm', 'loss_itc', 'loss_itm', 'loss_wpa', 'loss_rank',
         'loss_qa', 'loss_mc']


class TestContract(AnsweringContract):
    names = NAMES


@pytest.mark.parametrize('names, calls', [
    (['loss_mlm'], (1, 1)),
    (['loss_itc'], (1, 2)),
    (['loss_itm', 'loss_wpa'], (1, 1)),
    (['loss_rank', 'loss_mc'], (1, 1)),
    (['loss_qa', 'loss_mlm'], (1, 2)),
    (None, (1, 6)),
])
def test_subset_computes_the_same_and_runs_only_its_passes(
        model, batch, names, calls):
    check_subset(model, batch, names, [model.vit.patch_embed, model.vit],
                 calls)


def test_unknown_names_are_listed(config):
    config['heads']['mpp'] = dict()
    with pytest.raises(ValueError, match="'mlm', 'itm'.*but got \\['mpp'\\]"):
        MODELS.build(config)
    del config['heads']['mpp']
    config['target'] = 'mlm'
    with pytest.raises(
            ValueError, match="\\['itc', 'rank', 'qa', 'mc'\\].*'mlm'"):
        MODELS.build(config)
    config['vit']['patch_order'] = 'shuffled'
    with pytest.raises(ValueError, match="random.*but got 'shuffled'"):
        MODELS.build(config)


def test_only_the_heads_asked_for_exist(config):
    config.update(heads=dict(mlm=dict(), itc=dict()), target='itc')
    model = MODELS.build(config)
    assert list(model.heads) == ['mlm', 'itc']


def test_unlabelled_losses_are_zero_with_a_graph(model, batch):
    frames, samples = batch
    for sample in samples:
        sample.set_gt_label(-1)
        sample.mlm_labels.fill_(-1)
    names = ['loss_mlm', 'loss_qa', 'loss_rank', 'loss_mc']
    losses = model(frames, samples, mode='loss', losses=names)
    check_zero_with_a_graph(
        losses, names,
        [model.heads[name] for name in ('mlm', 'qa', 'rank', 'mc')])


def test_frames_meet_by_the_roll_only(model):
    frames = torch.randn(1, 3, 3, 32, 32)
    changed = frames.clone()
    changed[:, :, 1] += 1
    text = model.embed_text(torch.tensor([[101, 110, 102]]))
    mask = torch.ones(1, 3)

    def states(frames, layers, **kwargs):
        video = model.embed_video(frames)
        keep = model.vit.transformer_layers.layers
        model.vit.transformer_layers.layers = keep[:layers]
        states = model.vit(video=video, **kwargs)
        model.vit.transformer_layers.layers = keep
        return states

    def differs(layers, **kwargs):
        difference = states(frames, layers, **kwargs) != states(
            changed, layers, **kwargs)
        return difference.flatten(2).any(2)[0].tolist()

    assert differs(2) == [False, True, False]
    joint = dict(text=text[:, None].expand(-1, 3, -1, -1), text_mask=mask)
    assert differs(1, **joint) == [True, True, True]


def test_padding_has_no_influence(model, batch):
    frames, samples = batch
    losses = model(frames, samples, mode='loss')
    for sample in samples:
        sample.text_ids[sample.text_mask == 0] = 120
        sample.masked_text_ids[sample.text_mask == 0] = 121
    again = model(frames, samples, mode='loss')
    for name in NAMES:
        torch.testing.assert_close(again[name], losses[name])


def test_random_order_moves_patches_with_their_places(config, batch):
    config['vit']['patch_order'] = 'random'
    random, (frames, _) = build(config), batch
    raster = build({**config, 'vit': {**config['vit'],
                                      'patch_order': 'raster'}})
    order = random.vit.draw_patch_order(9)
    assert order.shape == (9, 16)
    assert torch.equal(order.sort(dim=1).values, torch.arange(16).expand(9, -1)
                       )
    assert len(order.unique(dim=0)) == 9
    random.vit.draw_patch_order = lambda count: order
    tokens = random.vit.embed(frames[:, 0]).flatten(0, 1)
    straight = raster.vit.embed(frames[:, 0]).flatten(0, 1)
    for image in range(9):
        torch.testing.assert_close(
            tokens[image, 1:], straight[image, 1:][order[image]])
    torch.testing.assert_close(tokens[:, 0], straight[:, 0])


def test_random_order_matters_to_joint_passes_only(config, batch):
    config['vit']['patch_order'] = 'random'
    model = build(config)
    torch.manual_seed(0)
    first = model(*batch, mode='loss', losses=['loss_mlm', 'loss_itc'])
    second = model(*batch, mode='loss', losses=['loss_mlm', 'loss_itc'])
    torch.manual_seed(0)
    third = model(*batch, mode='loss', losses=['loss_mlm', 'loss_itc'])
    torch.testing.assert_close(first['loss_itc'], second['loss_itc'])
    assert (first['loss_mlm'] - second['loss_mlm']).abs() > 1e-4
    assert torch.equal(first['loss_mlm'], third['loss_mlm'])


def test_matching_shows_half_of_the_texts_another_video(model):
    frames, samples = make_batch(5)
    batch = AllInOneBatch(model, frames[:, 0], samples)
    assert batch.is_matched.tolist() == [True] * 2 + [False] * 3
    logits = model.heads['itm'].logits(model, batch)
    for i, j in enumerate([0, 1, 3, 4, 0]):
        pair = AllInOneBatch(model, frames[j:j + 1, 0], samples[i:i + 1])
        expected = model.heads['itm'].fc(model.pool(pair.joint_states))
        torch.testing.assert_close(logits[i:i + 1], expected)
    expected = F.cross_entropy(logits, torch.tensor([1, 1, 0, 0, 0]))
    torch.testing.assert_close(
        model.heads['itm'].matching_loss(model, batch), expected)
    single = model(
        frames[:1], samples[:1], mode='loss', losses=['loss_itm', 'loss_wpa'])
    assert all(value.isfinite() for value in single.values())


@pytest.mark.parametrize('target', ['rank', 'mc'])
def test_options_are_scored_by_themselves(model, batch, target):
    model.target_head = target
    frames, samples = batch
    scores = model(frames, samples)
    assert scores.shape == (3, 4)
    for i, sample in enumerate(samples):
        for c in range(4):
            text = model.embed_text(sample.option_ids[c:c + 1])
            states = model.fuse(text, sample.option_mask[c:c + 1],
                                model.embed_video(frames[i]))
            score = model.heads[target].choice_scores(model.pool(states))
            torch.testing.assert_close(scores[i, c], score[0, 0])
    predicted = model(frames, samples, mode='predict')
    assert [sample.pred_label.item() for sample in predicted] == scores.argmax(
        dim=1).tolist()


def test_text_alone_runs_once_per_frame_in_training_only(model, batch):
    sizes = []
    model.vit.transformer_layers.layers[0].register_forward_hook(
        lambda module, args, output: sizes.append(len(output)))
    itc = ['loss_itc']
    model(*batch, mode='loss', losses=itc)
    model.train()(*batch, mode='loss', losses=itc)
    assert sorted(sizes) == [3, 9, 9, 9]


def test_dropout_is_where_it_belongs(config):
    config['vit'].update(drop_rate=0.1, drop_path_rate=0.2)
    vit = MODELS.build(config).vit
    rates = {name: module.p for name, module in vit.named_modules()
             if isinstance(module, nn.Dropout) and module.p}
    layer = 'transformer_layers.layers.{}'
    assert set(rates) - {'drop_after_time'} == {'drop_after_pos'} | {
        f'{layer.format(i)}.{part}' for i in (0, 1) for part in
        ('attentions.0.proj_drop', 'ffns.0.layers.0.2', 'ffns.0.layers.2')}
    assert set(rates.values()) == {0.1}
    paths = {name: module.drop_prob for name, module in vit.named_modules()
             if type(module).__name__ == 'DropPath'}
    assert len(paths) == 4
    for name, rate in paths.items():
        assert rate == (0.2 if 'layers.1.' in name else 0)


def test_recomputation_gives_the_same_gradients(config, batch):
    config['vit'].update(drop_rate=0.5, drop_path_rate=0.5)
    config['bert']['hidden_dropout_prob'] = 0.5
    plain = build(config)
    config['vit']['with_cp'] = True
    check_same_gradients([plain, build(config)], batch)


def test_wrong_inputs_are_refused(model, batch):
    frames, samples = batch
    with pytest.raises(ValueError, match='inputs must be'):
        model(frames[:, 0, 0], samples)
    with pytest.raises(ValueError, match='32 x 32, but are 32 x 24'):
        model(frames[..., :24], samples)
    with pytest.raises(ValueError, match='at most 3 frames, but got 6'):
        model(torch.cat([frames, frames], dim=3), samples)


def test_fewer_frames_than_rows(model, batch):
    frames, samples = batch
    assert model(frames[:, :, :, :2], samples).shape == (3, 5)


def test_init_weights(config):
    model = MODELS.build(config)
    model.init_weights()
    words = model.text_embeddings.word_embeddings.weight
    assert words.std().item() == pytest.approx(0.02, rel=0.1)
    vit = model.vit
    assert torch.equal(vit.time_embed, torch.zeros_like(vit.time_embed))
    for weight in (vit.pos_embed, vit.cls_token, model.pooler.weight,
                   vit.transformer_layers.layers[0].attentions[0].attn
                   .in_proj_weight, model.heads['mc'].classifier[1].weight):
        assert 0.01 < weight.std() < 0.03
    for name, parameter in model.named_parameters():
        if name.endswith('bias') and 'patch_embed' not in name:
            assert not parameter.any(), name


def test_every_loss_has_forward_mode_with_dropout_and_random_order(config):
    config['vit'].update(
        drop_rate=0.2, drop_path_rate=0.3, patch_order='random')
    config['bert']['hidden_dropout_prob'] = 0.2
    config['heads']['qa']['dropout'] = config['heads']['mc']['dropout'] = 0.2
    model = build(config).double().train()
    frames, samples = make_batch(3)
    meltr = MELTR(num_tasks=len(NAMES)).double().eval()

    def losses():
        values = model(frames.double(), samples, mode='loss')
        return torch.stack(list(values.values()))

    results = []
    for estimator in ('jvp', 'vjp'):
        torch.manual_seed(3)
        results.append(
            hypergradient(model, meltr, lambda: losses()[0], losses,
                          estimator=estimator, gamma=0.1))
    forward, reverse = results
    assert (reverse.products.abs() > 1e-6).all()
    torch.testing.assert_close(forward.products, reverse.products)
    for name, grad in reverse.grads.items():
        torch.testing.assert_close(forward.grads[name], grad)
