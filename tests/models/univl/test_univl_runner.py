"""From YouCook2's files to metrics, with MMEngine's runner."""
import pickle

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.runner import Runner
from univl_files import write_tokenizer
from zip_equal import zip_equal

WORDS = ['stir', 'cut', 'heat', 'pour', 'salt', 'egg', 'rice', 'fish']
D, W, F, SIZE = 12, 6, 4, 32


@pytest.fixture
def root(tmp_path):
    """Clips that show what their captions say; new pairs of words in val."""
    tokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'none', *WORDS]
    write_tokenizer(tmp_path / 'tokenizer', tokens)
    rng = np.random.default_rng(0)
    looks = dict(zip_equal(WORDS, 2 * rng.normal(size=(len(WORDS), D))))
    pairs = [(a, b) for a in WORDS for b in WORDS if a != b]
    val = [(WORDS[a], WORDS[(a + 3) % len(WORDS)])
           for a in range(len(WORDS))]
    parts = dict(train=[pair for pair in pairs if pair not in val], val=val)
    for split, captions in parts.items():
        data, features, rows = {}, {}, ['video_id,feature_file']
        for number, (first, second) in enumerate(captions):
            name = f'{split}{number}'
            data[name] = dict(start=[1], end=[4], text=[f'{first} {second}'],
                              transcript=['NONE'])
            clip = np.stack([looks[first], looks[first], looks[second],
                             looks[second]])
            features[name] = np.concatenate(
                [np.zeros((1, D)), clip + 0.1 * rng.normal(size=(4, D))])
            rows.append(f'{name},{name}')
        (tmp_path / f'{split}.csv').write_text('\n'.join(rows) + '\n')
        for kind, content in (('data', data), ('features', features)):
            (tmp_path / f'{split}_{kind}.pickle').write_bytes(
                pickle.dumps(content))
    return tmp_path


def dataloader(root, split, encoder_text):
    tokenizer = f'{root}/tokenizer'
    masks = [dict(type='MaskWords', tokenizer=tokenizer),
             dict(type='MaskFrames'),
             dict(type='TokenizeCaption', tokenizer=tokenizer, max_length=W)]
    pipeline = [
        dict(type='LoadVideoFeatures', max_frames=F, feature_dim=D,
             feature_file=f'{root}/{split}_features.pickle'),
        dict(type='TokenizeText', tokenizer=tokenizer, max_length=W,
             key='text'),
        *(masks if split == 'train' else []),
        dict(type='PackActionInputs',
             meta_keys=('sample_idx', 'video_index', 'references'),
             algorithm_keys=(
                 'text_ids', 'text_mask', 'video_mask', 'masked_text_ids',
                 'mlm_labels', 'mfm_labels', 'caption_ids', 'caption_labels',
                 'caption_mask')),
    ]
    return dict(
        batch_size=16 if split == 'train' else 3,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=split == 'train'),
        dataset=dict(
            type='YouCook2Dataset', data_root=str(root),
            ann_file=f'{split}.csv', data_file=f'{split}_data.pickle',
            encoder_text=encoder_text, pipeline=pipeline))


def train(root, task, losses, primary, encoder_text, val_loop, metric,
          steps):
    model = dict(
        type='MELTRWrapper',
        model=dict(
            type='UniVL',
            task=task,
            bert=dict(
                vocab_size=6 + len(WORDS), hidden_size=SIZE,
                num_hidden_layers=1, num_attention_heads=4,
                intermediate_size=2 * SIZE, max_position_embeddings=W,
                hidden_dropout_prob=0., attention_probs_dropout_prob=0.),
            feature_dim=D, video_layers=1, cross_layers=1, decoder_layers=1,
            max_frames=F, max_pair_length=W + F,
            data_preprocessor=dict(type='ActionDataPreprocessor')),
        meltr=dict(type='MELTR', hidden_dims=(16, 16), feedforward_dim=16,
                   num_heads=2, dropout=0.),
        losses=losses,
        primary=primary)
    torch.manual_seed(0)
    runner = Runner.from_cfg(ConfigDict(
        model=model,
        work_dir=str(root / 'run'),
        default_scope='mmaction',
        experiment_name=f'{root.name}_{primary}',
        randomness=dict(seed=0),
        log_level='ERROR',
        default_hooks=dict(checkpoint=None, logger=dict(
            type='LoggerHook', interval=1000)),
        train_dataloader=dataloader(root, 'train', encoder_text),
        val_dataloader=dataloader(root, 'val', encoder_text),
        # 48 training clips: an epoch has three updates.
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=steps // 3,
                       val_interval=steps // 3),
        val_cfg=dict(type=val_loop),
        val_evaluator=metric,
        param_scheduler=dict(type='PeriodicLR', period=4 * steps),
        optim_wrapper=dict(
            type='AIDOptimWrapper',
            constructor='AIDOptimWrapperConstructor',
            optimizer=dict(type='AdamW', lr=5e-3, weight_decay=0.01),
            meta_optimizer=dict(type='Adam', lr=1e-2),
            gamma=0.1,
            interval=3,
            begin=1,
            history=dict(eviction='fifo'))))
    runner.train()
    assert runner.optim_wrapper.meta_steps == 1 + (steps - 1) // 3
    return scalars(runner.message_hub, 'val/')


def scalars(hub, prefix):
    return {name[len(prefix):]: buffer.current()
            for name, buffer in hub.log_scalars.items()
            if name.startswith(prefix)}


def test_retrieval_learns(root):
    result = train(
        root, dict(type='UniVLRetrieval'),
        ['loss_joint', 'loss_alignment', 'loss_mlm', 'loss_mfm'],
        'loss_alignment', 'caption', 'RetrievalValLoop',
        dict(type='TextVideoRetrievalMetric'), steps=240)
    # One in eight would be found by chance.
    assert result['t2i/retrieval/R@1'] >= 50
    assert result['i2t/retrieval/R@1'] >= 50


def test_captioning_learns(root, monkeypatch):
    # METEOR takes seconds to start.
    monkeypatch.setattr('shutil.which', lambda name: None)
    result = train(
        root, dict(type='UniVLCaptioning', tokenizer=f'{root}/tokenizer',
                   beam_size=3, max_length=W),
        ['loss_joint', 'loss_decoder'], 'loss_decoder', 'transcript',
        'ValLoop', dict(type='CaptionMetric'), steps=60)
    # Eight words, two in each caption: a random pair scores about 25.
    assert result['caption/BLEU-1'] >= 60
