"""Existing configs become MELTR runs by the lines that the README shows.

Tiny sizes, random weights and toy data are the only other changes.
"""
import re
from pathlib import Path

import mmaction
import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
VINDLU = Path(
    mmaction.__file__).parent / '.mim' / 'configs' / 'multimodal' / 'vindlu'

# The stock config, made tiny.
TINY_VINDLU = """
_base_ = '{stock}'
model = dict(
    pretrined_vl=False, init_cfg=None,
    gradient_checkpointing={checkpointing},
    tokenizer=dict(pretrained_model_name_or_path='{world}/bert'),
    vision_encoder=dict(
        config='{world}/beit', encoder_width=64,
        tem_config=dict(num_frames=2,
                        temporal_model_config=dict(input_dim=64))),
    text_encoder=dict(pretrained_model_name_or_path='{world}/bert',
                      encoder_width=64, fusion_layer=2),
    {more})
read = [
    dict(type='DecordInit'),
    dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=2,
         test_mode=True),
    dict(type='DecordDecode'),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', algorithm_keys={keys}),
]
data = dict(data_prefix=dict(video='{world}/videos'), pipeline=read)
train_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False,
    dataset=dict(ann_file='{world}/{name}_train.json', **data))
val_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False,
    dataset=dict(ann_file='{world}/{name}_val.json', **data))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=2)
default_hooks = dict(logger=dict(interval=1))
"""


def readme_lines(base, **changes):
    """The README's config, on another base."""
    text = (ROOT / 'README.md').read_text()
    block, = [b for b in re.findall(r'```python\n(.*?)```', text, re.S)
              if 'vindlu' in b]
    block = re.sub(r'_base_ = .*?\n(?=custom)', f"_base_ = '{base}'\n", block,
                   flags=re.S)
    for old, new in changes.items():
        assert re.search(old, block)
        block = re.sub(old, new, block)
    return block


def check_meltr_was_trained(scalars, work, losses, meta_steps):
    logged = [s for s in scalars if 'loss' in s]
    assert {*losses, 'meta_lr', 'meta_objective',
            *(f'weight/{name}' for name in losses)} <= set(logged[-1])
    checkpoint = torch.load(work / 'epoch_2.pth', weights_only=True)
    aid = checkpoint['optimizer']['aid']
    assert aid['meta_steps'] == meta_steps
    assert any(k.startswith('meltr.') for k in checkpoint['state_dict'])
    return aid


@pytest.mark.parametrize('checkpointing', [False, True])
def test_vindlu_retrieval(world, train, tmp_path, checkpointing):
    (tmp_path / 'tiny.py').write_text(TINY_VINDLU.format(
        stock=VINDLU / 'vindlu_beit-base_8x16_retrieval_msrvtt-9k.py',
        world=world, name='ret', checkpointing=checkpointing, more='topk=2',
        keys=('text', 'gt_video_id', 'gt_text_id')))
    scalars, work = train(
        readme_lines('tiny.py') + 'optim_wrapper.update(interval=1)\n')
    check_meltr_was_trained(scalars, work, ('itc_loss', 'itm_loss'), 4)
    # RetrievalValLoop found what it needs through the wrapper.
    assert any('t2i/retrieval/Recall@1' in s for s in scalars)


def test_vindlu_question_answering(world, train, tmp_path):
    (tmp_path / 'tiny.py').write_text(TINY_VINDLU.format(
        stock=VINDLU / 'vindlu_beit-base_8x8_vqa_msrvtt-qa.py',
        world=world, name='qa', checkpointing=False,
        more=f"""text_decoder=dict(
            pretrained_model_name_or_path='{world}/bert', encoder_width=64),
            answer_list_path='{world}/answers.json', num_ans_candidates=4""",
        keys=('question', 'question_id', 'gt_answer', 'gt_answer_weight')))
    scalars, work = train(readme_lines(
        'tiny.py', **{r"'itc_loss', 'itm_loss'": "'loss'",
                      "primary='itc_loss'": "primary='loss'"})
        + 'optim_wrapper.update(interval=1)\n')
    aid = check_meltr_was_trained(scalars, work, ('loss', ), 4)
    assert aid['estimator'] == 'vjp'  # cheapest for a single task
    assert any('VQA/acc' in s for s in scalars)


BLIP = """
_base_ = 'mmpretrain::blip/blip-base_8xb32_retrieval.py'
med = dict(hidden_size=32, intermediate_size=64, num_attention_heads=4,
           num_hidden_layers=2, encoder_width=32)
model = dict(
    tokenizer=dict(name_or_path='{world}/bert'),
    vision_backbone=dict(
        arch=dict(_delete_=True, embed_dims=32, num_layers=2, num_heads=4,
                  feedforward_channels=64),
        img_size=32),
    text_backbone=dict(med_config=med),
    vision_neck=dict(in_features=32, out_features=16),
    text_neck=dict(in_features=32, out_features=16),
    head=dict(embed_dim=16, queue_size=8),
    multimodal_head=dict(hidden_size=32),
    topk=4)
read = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(32, 32)),
    dict(type='CleanCaption', keys='text'),
    dict(type='PackInputs',
         algorithm_keys=['text', 'is_matched', 'gt_text_id', 'gt_image_id'],
         meta_keys=['image_id']),
]
data = dict(data_root='{world}', data_prefix=dict(img_path=''), pipeline=read)
train_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False,
    dataset=dict(ann_file='image_train.json', **data))
val_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False,
    dataset=dict(ann_file='image_val.json', **data))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=2)
"""


def test_blip_retrieval_of_mmpretrain(world, train, tmp_path):
    (tmp_path / 'tiny.py').write_text(BLIP.format(world=world))
    scalars, work = train(readme_lines(
        'tiny.py', AmpAIDOptimWrapper='AIDOptimWrapper')
        + 'optim_wrapper.update(interval=1)\n', library='mmpretrain')
    aid = check_meltr_was_trained(scalars, work, ('itc_loss', 'itm_loss'), 4)
    assert aid['estimator'] == 'jvp'  # for all its queues and teachers
    assert any('retrieval/Recall@1' in k for s in scalars for k in s)
