import pytest
import torch
from transformers import BertForMaskedLM, BertModel
from zip_equal import zip_equal

from meltr_mm.models.layers import (
    build_bert,
    build_bert_config,
    build_head_transform,
    build_mlm_head,
    build_pooler,
    init_like_bert,
    key_bias,
    load_pretrained_bert,
)

SIZES = dict(
    vocab_size=30,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=24,
    max_position_embeddings=12)


def test_embeddings_and_layers_are_bert():
    torch.manual_seed(0)
    config = build_bert_config(SIZES)
    bert = BertForMaskedLM(config).eval()
    embeddings, layers = build_bert(config)
    head = build_mlm_head(config)
    # Up to transformers 4.30 a constant is saved, too; ours leaves it out.
    embeddings.load_state_dict({
        name: value
        for name, value in bert.bert.embeddings.state_dict().items()
        if name != 'position_ids'
    })
    layers.layer.load_state_dict(bert.bert.encoder.layer.state_dict())
    head.load_state_dict(bert.cls.state_dict())
    for part in (embeddings, layers):
        part.eval()
    ids = torch.randint(1, 30, (2, 7))
    mask = torch.tensor([[1] * 7, [1] * 4 + [0] * 3])
    torch.testing.assert_close(
        head(layers(embeddings(ids), mask)),
        bert(ids, attention_mask=mask).logits)


def test_padding_does_not_reach_other_positions():
    _, layers = build_bert(build_bert_config(SIZES))
    layers.eval()
    states = torch.randn(1, 5, 16)
    mask = torch.tensor([[1, 1, 1, 0, 0]])
    changed = states.clone()
    changed[:, 3:] += 1
    torch.testing.assert_close(
        layers(states, mask)[:, :3], layers(changed, mask)[:, :3])


@pytest.mark.usefixtures('needs_fused_attention')
def test_fused_attention_gives_the_same():
    torch.manual_seed(0)
    _, eager = build_bert(build_bert_config(SIZES))
    config = build_bert_config({**SIZES, 'attn_implementation': 'sdpa'})
    _, fused = build_bert(config)
    fused.load_state_dict(eager.state_dict())
    states, mask = torch.randn(2, 5, 16), torch.tensor([[1] * 5, [1, 1, 0] +
                                                        [0] * 2])
    torch.testing.assert_close(
        eager.eval()(states, mask), fused.eval()(states, mask))


def test_checkpointing_gives_the_same_gradients():
    torch.manual_seed(0)
    _, layers = build_bert(build_bert_config(SIZES))
    states, mask = torch.randn(2, 5, 16), torch.ones(2, 5)
    grads = []
    for layers.with_cp in (False, True):
        torch.manual_seed(1)
        loss = layers(states, mask).square().mean()
        grads.append(torch.autograd.grad(loss, list(layers.parameters())))
    for plain, recomputed in zip_equal(*grads):
        torch.testing.assert_close(plain, recomputed)


def test_key_bias():
    bias = key_bias(torch.tensor([[1, 0]]), torch.float16)
    assert bias.shape == (1, 1, 1, 2)
    assert bias.flatten().tolist() == [0, torch.finfo(torch.float16).min]


def test_blocked_keys_of_a_row_without_any():
    mask = torch.tensor([[1, 0], [0, 0]])
    bias = key_bias(mask, torch.float32, blocked=-1e4)
    assert bias.flatten().tolist() == [0, -1e4, -1e4, -1e4]
    config = build_bert_config(SIZES)
    torch.manual_seed(0)
    _, plain = build_bert(config)
    _, lenient = build_bert(config, blocked=-1e4)
    lenient.load_state_dict(plain.state_dict())
    plain, lenient = plain.eval(), lenient.eval()
    # Larger weights, so that keys are not all alike.
    states = 3 * torch.randn(2, 2, 16)
    for layers in (plain, lenient):
        for parameter in layers.parameters():
            parameter.data.mul_(10)
    ours, theirs = plain(states, mask), lenient(states, mask)
    torch.testing.assert_close(ours[0], theirs[0])
    # With -1e4 the keys keep their order, with the lowest value they do not.
    free = lenient(states, torch.ones_like(mask))
    torch.testing.assert_close(theirs[1], free[1], rtol=0.01, atol=0.05)
    assert not torch.allclose(ours[1], free[1], rtol=0.01, atol=0.05)


def test_pooler_and_transform_are_bert():
    config = build_bert_config(SIZES)
    bert, masked = BertModel(config), BertForMaskedLM(config)
    pooler, transform = build_pooler(config), build_head_transform(config)
    pooler.load_state_dict(bert.pooler.state_dict())
    transform.load_state_dict(masked.cls.predictions.transform.state_dict())
    states = torch.randn(2, 5, 16)
    torch.testing.assert_close(pooler(states), bert.pooler(states))
    torch.testing.assert_close(
        transform(states), masked.cls.predictions.transform(states))


def test_init_like_bert():
    module = torch.nn.Sequential(
        torch.nn.Linear(200, 100), torch.nn.LayerNorm(100),
        torch.nn.Linear(100, 100, bias=False), torch.nn.Embedding(200, 50))
    for parameter in module.parameters():
        parameter.data.fill_(7)
    init_like_bert(module, std=0.1)
    for part in (0, 2, 3):
        assert 0.09 < module[part].weight.std() < 0.11
    assert (module[1].weight == 1).all()
    assert not module[0].bias.any() and not module[1].bias.any()


def test_head_has_one_bias_and_its_own_decoder():
    head = build_mlm_head(build_bert_config(SIZES))
    assert head.predictions.bias is head.predictions.decoder.bias
    names = [name for name, _ in head.named_parameters()]
    assert len(names) == 6
    assert {'predictions.bias', 'predictions.decoder.bias'} <= set(
        head.state_dict())


def test_options_are_checked_and_left_alone():
    options = dict(SIZES, attn_implementation='eager')
    build_bert_config(options)
    assert options == dict(SIZES, attn_implementation='eager')
    with pytest.raises(ValueError, match="'hiden_size'"):
        build_bert_config(dict(hiden_size=4))


def test_pretrained_weights_reach_every_part(tmp_path):
    config = build_bert_config(SIZES)
    source = BertForMaskedLM(config)
    source.save_pretrained(tmp_path)
    embeddings, layers = build_bert(config)
    head = build_mlm_head(config)
    load_pretrained_bert(str(tmp_path), config, embeddings, layers, head)
    words = source.bert.embeddings.word_embeddings.weight
    assert torch.equal(embeddings.word_embeddings.weight, words)
    assert torch.equal(head.predictions.decoder.weight, words)
    assert head.predictions.decoder.weight is not (
        embeddings.word_embeddings.weight)
    query = 'attention.self.query.weight'
    assert torch.equal(layers.layer[1].state_dict()[query],
                       source.bert.encoder.layer[1].state_dict()[query])


def test_pretrained_of_other_size_is_refused(tmp_path):
    BertForMaskedLM(build_bert_config(SIZES)).save_pretrained(tmp_path)
    other = build_bert_config({**SIZES, 'num_attention_heads': 4})
    with pytest.raises(ValueError, match='num_attention_heads 4 != 2'):
        load_pretrained_bert(str(tmp_path), other)
