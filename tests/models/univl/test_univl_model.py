import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from model_contract import (
    ModelContract,
    check_same_gradients,
    check_subset,
    check_zero_with_a_graph,
)
from transformers import BertForMaskedLM
from zip_equal import zip_equal

from meltr_mm.models.univl import UniVLBatch

NAMES = ['loss_joint', 'loss_alignment', 'loss_mlm', 'loss_mfm',
         'loss_m_joint', 'loss_m_align', 'loss_decoder', 'loss_m_decoder']
PARTS = ('text_encoder', 'video_encoder', 'cross_encoder', 'decoder')


class TestContract(ModelContract):
    names = NAMES


def field(samples, name):
    return torch.stack([sample.get(name) for sample in samples])


@pytest.mark.parametrize('names, calls', [
    (['loss_joint'], (1, 1, 0, 0)),
    (['loss_alignment'], (1, 1, 1, 0)),
    (['loss_mlm'], (1, 1, 1, 0)),
    (['loss_mlm', 'loss_mfm'], (1, 1, 1, 0)),
    (['loss_m_joint', 'loss_joint'], (2, 2, 0, 0)),
    (['loss_decoder'], (1, 1, 1, 1)),
    (['loss_m_decoder', 'loss_mlm'], (1, 1, 1, 1)),
    (None, (2, 2, 4, 2)),
])
def test_subset_computes_the_same_and_runs_only_its_passes(
        model, batch, names, calls):
    check_subset(model, batch, names,
                 [getattr(model, part) for part in PARTS], calls)


def test_unlabelled_losses_are_zero_with_a_graph(model, batch):
    features, samples = batch
    for sample in samples:
        sample.mlm_labels.fill_(-1)
        sample.mfm_labels.fill_(-1)
        sample.caption_mask.fill_(0)
    losses = model(features, samples, mode='loss')
    check_zero_with_a_graph(
        losses, ('loss_mlm', 'loss_mfm', 'loss_decoder', 'loss_m_decoder'),
        (model.word_head, model.frame_head, model.caption_head))


def test_one_pair_has_no_negatives(model, batch):
    features, samples = batch
    losses = model(features[:1], samples[:1], mode='loss')
    for name in ('loss_joint', 'loss_alignment'):
        assert losses[name] == 0
    sum(losses.values()).backward()


def test_joint_scores_by_hand(model, batch):
    features, samples = batch
    view = UniVLBatch(model, features, samples)
    scores = model.joint_scores(view.text, view.text_mask, view.video,
                                view.video_mask)
    for i in range(4):
        words = int(view.text_mask[i].sum())
        text = view.text[i, 1:words].mean(0)
        for j in range(4):
            video = view.video[j, :int(view.video_mask[j].sum())].mean(0)
            torch.testing.assert_close(
                scores[i, j], F.cosine_similarity(text, video, dim=0))
    model.normalize_joint = False
    products = model.joint_scores(view.text, view.text_mask, view.video,
                                  view.video_mask)
    torch.testing.assert_close(products[-1, -1], text @ video)


@pytest.mark.parametrize('pairs_per_pass', [1, 3, 4, 7, 1000])
def test_alignment_blocks_equal_a_loop_over_pairs(model, batch,
                                                  pairs_per_pass):
    features, samples = batch
    view = UniVLBatch(model, features, samples)
    model.pairs_per_pass = pairs_per_pass
    scores = model.alignment_scores(view.text[:3], view.text_mask[:3],
                                    view.video, view.video_mask)
    assert scores.shape == (3, 4)
    for i in range(3):
        for j in range(4):
            states = model.cross_encoder(
                view.text[i:i + 1], view.text_mask[i:i + 1],
                view.video[j:j + 1], view.video_mask[j:j + 1])
            pair = model.similarity(model.cross_encoder.pooler(states))
            torch.testing.assert_close(scores[i, j], pair[0, 0])


def test_masked_frames_by_hand(model, batch):
    features, samples = batch
    loss = model(features, samples, mode='loss', losses=['loss_mfm'])
    view = UniVLBatch(model, features, samples)
    hidden = field(samples, 'mfm_labels') != -1
    zeroed = features.clone()
    zeroed[hidden] = 0
    torch.testing.assert_close(view.masked_frames, model.video_norm(zeroed))
    states = view.masked_states[:, field(samples, 'text_ids').shape[1]:]
    head = model.frame_head
    scores = head.transform(
        states) @ model.video_encoder.projection.weight + head.bias
    real = [(i, f) for i in range(4) for f in range(5)
            if view.video_mask[i, f]]
    terms = []
    for i, f in hidden.nonzero().tolist():
        logits = torch.stack([scores[i, f] @ view.frames[place]
                              for place in real])
        terms.append(-logits.log_softmax(0)[real.index((i, f))])
    torch.testing.assert_close(loss['loss_mfm'], torch.stack(terms).mean())


def test_decoder_and_word_losses_by_hand(model, batch):
    features, samples = batch
    losses = model(features, samples, mode='loss')
    view = UniVLBatch(model, features, samples)
    words = model.text_encoder.embeddings.word_embeddings.weight
    for name, states, head, labels in (
            ('loss_decoder', model.decode(view, view.states),
             model.caption_head,
             field(samples, 'caption_labels').masked_fill(
                 field(samples, 'caption_mask') == 0, -1)),
            ('loss_mlm', view.masked_states[:, :7], model.word_head,
             field(samples, 'mlm_labels'))):
        logits = head.transform(states) @ words.t() + head.bias
        torch.testing.assert_close(
            losses[name],
            F.cross_entropy(logits.flatten(0, 1), labels.flatten(),
                            ignore_index=-1))


@pytest.mark.parametrize('switch, changed', [
    ('count_padding', {'loss_decoder', 'loss_m_decoder'}),
    ('margin_diagonal', {'loss_joint', 'loss_m_joint'}),
    ('text_to_video_only', {'loss_alignment', 'loss_m_align'}),
])
def test_official_switches(config, model, batch, switch, changed):
    default = model(*batch, mode='loss')
    config['loss_rules'] = {switch: True}
    other = MODELS.build(config).eval()
    other.load_state_dict(model.state_dict())
    official = other(*batch, mode='loss')
    assert {name for name in NAMES
            if not torch.allclose(default[name], official[name])} == changed


def test_official_padding_is_a_target(config, model, batch):
    config['loss_rules'] = 'official'
    official = MODELS.build(config).eval()
    official.load_state_dict(model.state_dict())
    logits = MODELS.build(dict(config, task=dict(type='UniVLCaptioning')))
    logits.load_state_dict(model.state_dict())
    logits = logits.eval()(*batch)
    expected = F.cross_entropy(logits.flatten(0, 1),
                               field(batch[1], 'caption_labels').flatten())
    loss = official(*batch, mode='loss', losses=['loss_decoder'])
    torch.testing.assert_close(loss['loss_decoder'], expected)


def test_what_is_behind_the_padding_does_not_matter(model, batch):
    features, samples = batch
    before = model(features, samples, mode='loss')
    for sample, clip in zip_equal(samples, features):
        sample.text_ids[sample.text_mask == 0] = 110
        sample.masked_text_ids[sample.text_mask == 0] = 111
        sample.caption_ids[sample.caption_mask == 0] = 112
        sample.caption_labels[sample.caption_mask == 0] = 113
        clip[sample.video_mask == 0] = 7.
    after = model(features, samples, mode='loss')
    for name in NAMES:
        torch.testing.assert_close(after[name], before[name])


def test_decoder_does_not_see_the_future(model, batch):
    features, samples = batch
    view = UniVLBatch(model, features, samples)
    memory = view.states.detach().requires_grad_()
    words = model.text_encoder.embeddings.word_embeddings.weight
    ids = torch.arange(105, 111)[None].expand(4, -1)
    states = model.decoder(ids, torch.ones_like(ids), memory, view.pair_mask,
                           model.text_encoder.embeddings)
    grad, of_memory = torch.autograd.grad(
        states[:, 2].square().sum(), (words, memory))
    used = grad.abs().sum(dim=1)[105:111] > 0
    assert used.tolist() == [True, True, True, False, False, False]
    seen = of_memory.abs().sum(dim=2) > 0
    assert torch.equal(seen, view.pair_mask != 0)


def test_clip_without_frames_is_finite(model, batch):
    features, samples = batch
    samples[0].video_mask.zero_()
    samples[0].mfm_labels.fill_(-1)
    losses = model(features, samples, mode='loss')
    assert all(value.isfinite() for value in losses.values())
    sum(losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_dropout_reaches_every_part(config, batch):
    config['bert'].update(hidden_dropout_prob=0.5,
                          attention_probs_dropout_prob=0.5)
    model = MODELS.build(config)
    rates = {type(m).__name__: m.p for m in model.modules()
             if isinstance(m, torch.nn.Dropout)}
    assert set(rates.values()) == {0.5}
    trained = model.train()(*batch, mode='loss')
    evaluated = model.eval()(*batch, mode='loss')
    assert all(trained[name] != evaluated[name] for name in NAMES)


def test_recomputation_gives_the_same_gradients(config, batch):
    config['bert']['hidden_dropout_prob'] = 0.5
    models = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        models.append(MODELS.build(dict(config, with_cp=with_cp)))
    check_same_gradients(models, batch)


@pytest.mark.usefixtures('needs_fused_attention')
def test_fused_attention_computes_the_same(config, model, batch):
    config['bert']['attn_implementation'] = 'sdpa'
    fused = MODELS.build(config).eval()
    fused.load_state_dict(model.state_dict())
    layer = fused.video_encoder.layers.layer[0].attention.self
    assert layer.config._attn_implementation == 'sdpa'
    eager, fused = (m(*batch, mode='loss') for m in (model, fused))
    for name in NAMES:
        torch.testing.assert_close(fused[name], eager[name])


def test_preprocessed_batch(model, batch):
    features, samples = batch
    # float64, as feature files may be, and a clip axis.
    data = model.data_preprocessor(
        dict(inputs=[clip.double()[None] for clip in features],
             data_samples=samples))
    losses = model(**data, mode='loss')
    for name, value in model(features, samples, mode='loss').items():
        torch.testing.assert_close(losses[name], value)


def test_pairs_per_pass_must_be_positive(config):
    with pytest.raises(ValueError, match='positive, but got 0'):
        MODELS.build(dict(config, pairs_per_pass=0))


def test_wrong_inputs_are_refused(model, batch):
    features, samples = batch
    with pytest.raises(ValueError, match=r'\(B, F, 12\).*\(4, 5, 11\)'):
        model(features[..., :11], samples)
    with pytest.raises(ValueError, match='at most 6 frames, but got 10'):
        longer = torch.cat([features, features], dim=1)
        for sample in samples:
            sample.video_mask = sample.video_mask.repeat(2)
        model(longer, samples)
    with pytest.raises(ValueError, match='one entry per frame, 5 here, .* 10'):
        model(features, samples)


def test_too_long_texts_are_refused(model, batch):
    features, samples = batch
    words = [name for name in samples[0].keys()
             if name.startswith(('text', 'masked', 'mlm', 'caption'))]
    for sample in samples:
        for name in words:
            sample.set_data({name: sample.get(name).repeat(2)[:11]})
    with pytest.raises(ValueError, match=r'at most 14 together.*11 \+ 5'):
        model(features, samples, mode='loss', losses=['loss_mlm'])
    for sample in samples:
        for name in words:
            sample.set_data({name: sample.get(name).repeat(2)[:13]})
    with pytest.raises(ValueError, match='at most 12 tokens, but got 13'):
        model(features, samples)
    with pytest.raises(ValueError, match='at most 12 tokens, but got 13'):
        model.decoder(torch.zeros(1, 13, dtype=torch.int64),
                      torch.ones(1, 13), torch.zeros(1, 3, 32),
                      torch.ones(1, 3), model.text_encoder.embeddings)


def test_initialisation(config, tmp_path):
    config['bert'].update(hidden_size=64, intermediate_size=128)
    model = MODELS.build(config)
    model.init_weights()
    for name, parameter in model.named_parameters():
        if name.endswith('bias'):
            assert not parameter.any(), name
        elif name.endswith(('LayerNorm.weight', 'norm.weight')):
            assert (parameter == 1).all(), name
        else:
            assert 0.015 < parameter.std() < 0.025, name

    BertForMaskedLM(model.bert_config).save_pretrained(tmp_path)
    config['pretrained_bert'] = str(tmp_path)
    model = MODELS.build(config)
    model.init_weights()
    source = BertForMaskedLM.from_pretrained(tmp_path)
    assert torch.equal(model.text_encoder.embeddings.word_embeddings.weight,
                       source.bert.embeddings.word_embeddings.weight)
