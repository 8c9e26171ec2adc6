import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import Compose

from meltr_mm.datasets.transforms import (
    MaskTextAsBert,
    PickCaption,
    SampleFramesBySegment,
    TokenizeOptions,
)
from meltr_mm.datasets.transforms.frames import segment_frame_indices


class TestSampleFramesBySegment:

    @pytest.mark.parametrize('total, expected', [
        (300, [49, 149, 249]),
        (100, [16, 49, 82]),
        (10, [1, 4, 7]),
        (3, [0, 1, 2]),
        (2, [0, 0, 1]),
        (1, [0, 0, 0]),
    ])
    def test_middle_frames(self, total, expected):
        assert segment_frame_indices(total, 3, False).tolist() == expected

    def test_random_frames_cover_their_segments(self):
        np.random.seed(0)
        drawn = np.stack(
            [segment_frame_indices(10, 3, True) for _ in range(200)])
        assert [sorted(set(column)) for column in drawn.T] == [
            [0, 1, 2], [3, 4, 5], [6, 7, 8, 9]]
        for total in (1, 2, 3):
            assert segment_frame_indices(total, 3, True).max() < total

    def test_transform(self):
        sample = TRANSFORMS.build(
            dict(type='SampleFramesBySegment', clip_len=3, random=True,
                 num_clips=2))
        np.random.seed(0)
        results = sample(dict(total_frames=3000))
        clips = results['frame_inds'].reshape(2, 3)
        assert (clips // 1000).tolist() == [[0, 1, 2]] * 2
        assert (clips[0] != clips[1]).any()
        assert (results['clip_len'], results['num_clips']) == (3, 2)

    def test_errors(self):
        with pytest.raises(ValueError, match='at least 1, but got 0 and 1'):
            SampleFramesBySegment(0)
        with pytest.raises(ValueError, match='3 clips.*would be the same'):
            SampleFramesBySegment(3, num_clips=3)
        with pytest.raises(ValueError, match=r'a\.mp4: the video has no fr'):
            SampleFramesBySegment(2)(dict(total_frames=0, filename='a.mp4'))


class TestMaskTextAsBert:

    def test_frequencies(self):
        mask = TRANSFORMS.build(
            dict(type='MaskTextAsBert', tokenizer='minilm'))
        torch.manual_seed(0)
        ids = torch.full((20000, ), 2054)
        ids[:3] = torch.tensor([101, 102, 0])
        results = mask(dict(text_ids=ids.clone()))
        masked, labels = results['masked_text_ids'], results['mlm_labels']
        assert torch.equal(results['text_ids'], ids)
        assert masked[:3].tolist() == [101, 102, 0]
        assert labels[:3].tolist() == [-1] * 3
        chosen = labels != -1
        assert chosen.float().mean().item() == pytest.approx(0.15, abs=0.01)
        assert torch.equal(masked[~chosen], ids[~chosen])
        assert set(labels[chosen].tolist()) == {2054}
        parts = [(masked[chosen] == 103), (masked[chosen] == 2054)]
        assert parts[0].float().mean().item() == pytest.approx(0.8, abs=0.03)
        assert parts[1].float().mean().item() == pytest.approx(0.1, abs=0.03)
        others = masked[chosen][~parts[0] & ~parts[1]]
        assert others.unique().numel() > 0.9 * others.numel() > 200
        assert masked.dtype == labels.dtype == torch.int64

    def test_probability(self):
        with pytest.raises(ValueError, match=r'\(0, 1\], but got 0'):
            MaskTextAsBert('minilm', 0)


class TestTokenizeOptions:

    SAMPLE = dict(
        question='what does he do?', options=['runs', 'sits down'], label=[1])

    def tokenize(self, **options):
        return TokenizeOptions('minilm', 12, **options)(dict(self.SAMPLE))

    def words(self, ids):
        from meltr_mm.datasets.transforms.tokenizing import load_tokenizer
        return load_tokenizer('minilm').decode(ids, skip_special_tokens=True)

    def test_question_and_option(self):
        results = self.tokenize()
        assert [self.words(ids) for ids in results['option_ids']] == [
            'what does he do? runs', 'what does he do? sits down']
        assert results['option_mask'].sum(1).tolist() == [8, 9]
        assert results['option_ids'].shape == (2, 12)
        assert torch.equal(results['text_ids'], results['option_ids'][1])
        assert torch.equal(results['text_mask'], results['option_mask'][1])

    def test_templates(self):
        results = self.tokenize(template='{option}')
        assert self.words(results['option_ids'][0]) == 'runs'
        results = TokenizeOptions(
            'minilm', 30,
            template='{question}Options: {options}Answer: {option}')(
                dict(self.SAMPLE))
        assert self.words(results['option_ids'][0]) == (
            'what does he do? options : runs sits downanswer : runs')

    def test_errors(self):
        with pytest.raises(ValueError, match="must have '{option}'"):
            TokenizeOptions('minilm', 12, template='{options}')
        with pytest.raises(ValueError, match='at least 3.*got 2'):
            TokenizeOptions('minilm', 2)


def test_pick_caption():
    captions = ['one', 'two', 'three']
    assert PickCaption(random=False)(dict(captions=captions))[
        'caption'] == 'one'
    np.random.seed(0)
    draw = TRANSFORMS.build(dict(type='PickCaption'))
    assert {draw(dict(captions=captions))['caption']
            for _ in range(50)} == set(captions)


def test_pixels_are_those_of_the_recipe():
    """Stretched to 512, to 268, and the middle 224 of it."""
    ramp = np.linspace(0, 255, 1024)[None, :, None]
    image = np.broadcast_to(ramp, (300, 1024, 3)).astype(np.uint8)
    pipeline = Compose([
        dict(type='mmaction.Resize', scale=(512, 512), keep_ratio=False),
        dict(type='mmaction.Resize', scale=(268, 268), keep_ratio=False),
        dict(type='mmaction.CenterCrop', crop_size=224),
    ])
    results = pipeline(
        dict(imgs=[image], img_shape=image.shape[:2], modality='RGB'))
    result, = results['imgs']
    assert result.shape == (224, 224, 3)
    expected = 255 * (22 + np.arange(224) + 0.5) / 268
    assert np.abs(result[100, :, 0] - expected).max() < 1.5
