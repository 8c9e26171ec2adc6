"""The input of a model in one transform is that of its single steps."""
import random

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose
from PIL import Image

from meltr_mm.datasets.transforms import ResizeAntialiased
from meltr_mm.datasets.transforms.inputs import single_steps

WORDS = dict(tokenizer='minilm', max_length=9)


def sample(toy_root, **fields):
    video = sorted((toy_root / 'videos').iterdir())[0]
    return dict(filename=str(video), video_id=video.stem,
                question='what moves?', caption='a red square moves',
                captions=['a red square', 'a blue circle'],
                options=['red', 'blue'], label=[1], **fields)


def run(config, results):
    random.seed(3)
    np.random.seed(3)
    torch.manual_seed(3)
    return Compose(config)(results)


def tensors(packed):
    fields = packed['data_samples']
    return dict(fields.items(), inputs=packed['inputs'])


@pytest.mark.parametrize('options, fields', [
    (dict(type='VioletInputs', frames=2, size=96),
     {'text_ids', 'text_mask'}),
    (dict(type='VioletInputs', frames=2, size=96, masks=True),
     {'text_ids', 'text_mask', 'masked_text_ids', 'mtm_labels',
      'patch_mask'}),
    (dict(type='AllInOneInputs', frames=3, size=64, resize=[(70, 70)]),
     {'text_ids', 'text_mask'}),
    (dict(type='AllInOneInputs', frames=3, size=64, resize=[(-1, 70)],
          text_key='caption', training=True, antialias=True),
     {'text_ids', 'text_mask', 'masked_text_ids', 'mlm_labels'}),
    (dict(type='AllInOneInputs', frames=3, size=64, resize=[(70, 70)],
          text_key='options', num_clips=2, random_frames=True),
     {'option_ids', 'option_mask'}),
])
def test_of_videos(toy_root, options, fields):
    config = [dict(options, **WORDS)]
    one = tensors(run(config, sample(toy_root)))
    other = tensors(run(single_steps(config), sample(toy_root)))
    assert set(one) == fields | {'inputs', 'gt_label'}
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


def test_of_features():
    config = [dict(type='UniVLInputs', feature_file=None, feature_dim=4,
                   max_frames=5, masks=True, decoder=True,
                   draw_captions=True, references=True, **WORDS)]
    made = [tensors(run(steps, dict(
        feature_id='x', video_id='x', features=np.ones((3, 4)),
        captions=['stir the soup', 'cut'], references=['salt,pepper'])))
        for steps in (config, single_steps(config))]
    assert set(made[0]) == {
        'inputs', 'text_ids', 'text_mask', 'video_mask', 'masked_text_ids',
        'mlm_labels', 'mfm_labels', 'caption_ids', 'caption_labels',
        'caption_mask'}
    assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])


def test_single_steps_leave_others_alone():
    steps = [dict(type='Flip'), dict(type='VioletInputs', frames=1, size=64,
                                     img_file='x.pkl', **WORDS)]
    kinds = [step['type'] for step in single_steps(steps)]
    assert kinds == ['Flip', 'DecodeJPEGFrames', 'PadToSquareResize',
                     'TokenizeText', 'FormatShape', 'PackActionInputs']


def test_options_are_checked():
    with pytest.raises(TypeError, match="unexpected keyword argument 'sise'"):
        TRANSFORMS.build(dict(
            type='VioletInputs', frames=1, sise=64, **WORDS))
    with pytest.raises(ValueError, match="text_key must be one of.*'answer'"):
        TRANSFORMS.build(dict(type='AllInOneInputs', frames=1, size=64,
                              text_key='answer', **WORDS))


@pytest.mark.parametrize('scale, size', [
    ((8, 6), (8, 6)), ((-1, 10), (20, 10)), ((10, -1), (20, 10))])
def test_antialiased_resize_is_that_of_pil(scale, size):
    image = np.random.default_rng(0).integers(
        0, 256, (20, 40, 3), dtype=np.uint8)
    results = ResizeAntialiased(scale)(dict(imgs=[image]))
    assert results['img_shape'] == size[::-1]
    assert (results['imgs'][0] == np.asarray(
        Image.fromarray(image).resize(size, Image.BILINEAR))).all()
    with pytest.raises(ValueError, match='`scale` must be width and height'):
        ResizeAntialiased((0, 3))


def test_transforms_show_themselves_as_in_a_config():
    assert repr(TRANSFORMS.build(
        dict(type='TokenizeText', key='caption', **WORDS))) == (
            'TokenizeText(tokenizer={tokenizer!r}, max_length={max_length}, '
            "key='caption')".format(**WORDS))
    for step in TRANSFORMS.build(dict(
            type='VioletInputs', frames=1, size=64, masks=True,
            **WORDS))._steps.transforms:
        assert repr(step).startswith(f'{type(step).__name__}(')
