import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from zip_equal import zip_equal

NAMES = ['loss_qa', 'loss_vtm', 'loss_mtm', 'loss_mvm']


def option_state(model, frames, sample, option, masked=False):
    """Fused states of one option of one sample, by itself."""
    clip = frames[None, 0]
    if masked:
        from meltr_mm.models.violet.violet import black_out
        clip = black_out(clip, sample.patch_mask[None], model.black_level())
    video = model.video_encoder(clip)
    ids = sample.masked_text_ids if masked else sample.text_ids
    text = model.text_embeddings(ids[option:option + 1])
    states = model.fuse(video, text, sample.text_mask[option:option + 1])
    return states[0], video.shape[1]


def test_scores_equal_a_loop_over_options(choice_model, choice_batch):
    frames, samples = choice_batch
    scores = choice_model(*choice_batch)
    assert scores.shape == (3, 4)
    for i, sample in enumerate(samples):
        for option in range(4):
            states, n = option_state(choice_model, frames[i], sample, option)
            torch.testing.assert_close(
                scores[i, option],
                choice_model.task.choice_head(states[n])[0])


def test_losses_equal_a_loop(choice_model, choice_batch):
    frames, samples = choice_batch
    losses = choice_model(*choice_batch, mode='loss')
    assert list(losses) == NAMES
    right = torch.cat([sample.gt_label for sample in samples])
    torch.testing.assert_close(
        losses['loss_qa'], F.cross_entropy(choice_model(*choice_batch), right))

    pairs = torch.empty(3, 3)
    for i in range(3):
        for j, other in enumerate(samples):
            states, n = option_state(choice_model, frames[i], other,
                                     right[j])
            pairs[i, j] = choice_model.vtm_head(states[n])
    torch.testing.assert_close(
        losses['loss_vtm'], F.cross_entropy(pairs / 0.05, torch.arange(3)))

    words, word_labels, cells, cell_labels = [], [], [], []
    for i, sample in enumerate(samples):
        for option in range(4):
            states, n = option_state(choice_model, frames[i], sample, option,
                                     masked=True)
            words.append(choice_model.mtm_head(states[n:]))
            word_labels.append(sample.mtm_labels[option])
            if option == right[i]:
                cells.append(choice_model.mvm_head(states[:n]))
                cell_labels.append(sample.mvm_labels)
    for name, logits, labels in (('loss_mtm', words, word_labels),
                                 ('loss_mvm', cells, cell_labels)):
        torch.testing.assert_close(
            losses[name],
            F.cross_entropy(
                torch.cat(logits), torch.cat(labels), ignore_index=-1))


def test_words_of_the_right_option_only(choice_config, choice_model,
                                        choice_batch):
    """A row of a wrong option whose label is gone counts as little."""
    choice_config['task']['mask_right_option_only'] = True
    model = MODELS.build(choice_config).eval()
    model.load_state_dict(choice_model.state_dict())
    losses = model(*choice_batch, mode='loss')
    everything = choice_model(*choice_batch, mode='loss')
    assert losses['loss_mtm'] != everything['loss_mtm']
    for sample in choice_batch[1]:
        wrong = torch.arange(4) != sample.gt_label
        sample.mtm_labels[wrong] = -1
    expected = choice_model(*choice_batch, mode='loss')
    for name in NAMES:
        torch.testing.assert_close(losses[name], expected[name])


def test_official_matching_compares_a_video_with_its_own_options(
        choice_config, choice_batch):
    choice_config['task']['official_matching'] = True
    model = MODELS.build(choice_config).eval()
    frames, samples = choice_batch
    from meltr_mm.models.violet import VioletBatch
    batch = VioletBatch(model, frames[:, 0], samples)
    video, text, mask = model.task.matching_pairs(batch)
    # Four options: rows 0..2 all belong to the first video.
    for row in video:
        torch.testing.assert_close(row, batch.video[0])
    torch.testing.assert_close(
        text, model.text_embeddings(samples[0].text_ids[:3]))
    assert torch.equal(mask, samples[0].text_mask[:3])


def test_predicts_the_option_with_the_highest_score(choice_model,
                                                    choice_batch):
    scores = choice_model(*choice_batch)
    predicted = choice_model(*choice_batch, mode='predict')
    for sample, row in zip_equal(predicted, scores):
        torch.testing.assert_close(sample.pred_score, row.softmax(0))
        assert sample.pred_label.item() == row.argmax()


def test_every_parameter_learns(choice_model, choice_batch):
    losses = choice_model(*choice_batch, mode='loss')
    sum(losses.values()).backward()
    assert not [name for name, parameter in choice_model.named_parameters()
                if parameter.grad is None]


@pytest.mark.parametrize('label', [-1, 4])
def test_the_right_option_must_exist(choice_model, choice_batch, label):
    choice_batch[1][1].set_gt_label(label)
    with pytest.raises(ValueError, match=r'0\.\.3, but .*' + str(label)):
        choice_model(*choice_batch, mode='loss', losses=['loss_vtm'])
