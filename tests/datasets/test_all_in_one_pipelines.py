"""The shipped data sets of All-in-one, from video files to trained weights."""
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image

from meltr_mm.toyworld.video_file import write_mp4

BASES = Path(__file__).resolve().parents[2] / 'configs' / '_base_'
COUNT = 4


def write_videos(folder, suffix='.mp4'):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(COUNT):
        colours = rng.integers(0, 256, (7, 1, 1, 3), dtype=np.uint8)
        frames = np.broadcast_to(colours, (7, 48, 64, 3)).copy()
        path = folder / f'video{i}.mp4'
        write_mp4(str(path), frames, 7)
        path.rename(path.with_suffix(suffix))


def write_lines(path, rows):
    path.write_text('\n'.join(json.dumps(row) for row in rows))


@pytest.fixture
def msrvtt(tmp_path):
    root = tmp_path / 'msrvtt'
    write_videos(root / 'videos')
    names = [f'video{i}' for i in range(COUNT)]
    (root / 'MSR_VTT.json').write_text(json.dumps(dict(annotations=[
        dict(image_id=name, caption=f'{kind} scene {name[-1]}')
        for name in names for kind in ('a red', 'some blue')])))
    for name in ('train_list_7k.txt', 'val_list_jsfusion.txt'):
        (root / name).write_text('\n'.join(names))
    (root / 'jsfusion_val_caption_idx.pkl').write_bytes(
        pickle.dumps(dict.fromkeys(names, 1)))
    return root


@pytest.fixture
def msvd(tmp_path):
    root = tmp_path / 'msvd'
    write_videos(root / 'videos', '.avi')
    for split in ('train', 'val', 'test'):
        write_lines(root / f'msvd_{split}.jsonl', [
            dict(question='what runs?', answer=answer, video_id=10 + i)
            for i, answer in enumerate(['dog', 'cat', 'dog', 'ant'])])
    (root / 'msvd_answer_set.txt').write_text('dog\ncat\n')
    (root / 'msvd_youtube_mapping.txt').write_text(
        '\n'.join(f'video{i} vid{10 + i}' for i in range(COUNT)))
    return root


@pytest.fixture
def tgif(tmp_path):
    root = tmp_path / 'tgif'
    (root / 'gifs').mkdir(parents=True)
    rng = np.random.default_rng(0)
    names = [f'tumblr_{i}' for i in range(COUNT)]
    for name in names:
        frames = [
            Image.new('RGB', (60, 40), tuple(rng.integers(0, 256, 3).tolist()))
            for _ in range(5)
        ]
        frames[0].save(
            root / 'gifs' / f'{name}.gif', save_all=True,
            append_images=frames[1:])
    for split in ('train', 'test'):
        write_lines(root / f'frameqa_{split}.jsonl', [
            dict(question='what runs?', answer='dog', gif_name=name)
            for name in names])
        write_lines(root / f'action_{split}.jsonl', [
            dict(question='what does it do?', gif_name=name, answer=i,
                 options=['runs', 'sits', 'eats', 'sleeps', 'sits down'])
            for i, name in enumerate(names)])
    (root / 'frameqa_trainval_ans2label.json').write_text(
        '{"cat": 1, "dog": 0}')
    return root


def config(root, *bases):
    """The shipped bases, with a small model."""
    cfg = Config()
    for base in ('default_runtime.py', *bases):
        cfg.merge_from_dict(Config.fromfile(BASES / base)._cfg_dict)
    cfg.model.model.vit.update(num_layers=2, num_heads=2)
    cfg.model.model.bert.update(hidden_size=32, num_attention_heads=2)
    cfg.work_dir = str(root / 'work')
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader')
        if loader is None:
            continue
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        dataset = loader.dataset
        if dataset.type == 'SeededSplit':
            dataset.fraction = 0.5
            dataset = dataset.dataset
        dataset.data_root = str(root)
        for transform in dataset.pipeline:
            if 'tokenizer' in transform:
                transform.tokenizer = 'minilm'
    if 'train_dataloader' in cfg:
        cfg.train_cfg = dict(
            type='IterBasedTrainLoop', max_iters=2, val_interval=2)
        cfg.param_scheduler = None
    return cfg


def train(cfg):
    runner = Runner.from_cfg(cfg)
    before = runner.model.model.vit.cls_token.clone()
    phi = runner.model.meltr.fc1.weight.clone()
    runner.train()
    assert not torch.equal(before, runner.model.model.vit.cls_token)
    assert not torch.equal(phi, runner.model.meltr.fc1.weight)
    scalars = runner.message_hub.log_scalars
    assert np.isfinite(scalars['train/loss'].data[0]).all()
    return runner, scalars


def test_retrieval(msrvtt):
    cfg = config(msrvtt, 'models/all_in_one.py',
                 'schedules/aid_all_in_one.py',
                 'datasets/msrvtt_retrieval_all_in_one.py')
    runner, scalars = train(cfg)
    assert scalars['val/t2i/retrieval/MeanR'].data[0][-1] <= COUNT
    assert 'val/i2t/retrieval/R@1' in scalars
    first, second = (runner.val_dataloader.dataset[0] for _ in range(2))
    assert torch.equal(first['inputs'], second['inputs'])
    assert first['data_samples'].caption == 'some blue scene 0'
    assert first['inputs'].shape == (1, 3, 3, 224, 224)

    # The official evaluation, 3 random clips.
    sampling = cfg.test_dataloader.dataset.pipeline[1]
    sampling.update(random=True, num_clips=3)
    cfg.experiment_name = 'views'
    runner = Runner.from_cfg(cfg)
    assert runner.test()['t2i/retrieval/MeanR'] <= COUNT
    assert runner.test_dataloader.dataset[0]['inputs'].shape[0] == 3


def test_open_ended_questions(msvd):
    cfg = config(msvd, 'models/all_in_one_qa.py',
                 'schedules/aid_all_in_one_qa.py',
                 'datasets/msvd_qa_all_in_one.py')
    cfg.model.model.heads = dict(mlm=dict(), qa=dict(num_answers=3))
    runner, scalars = train(cfg)
    # One of the four answers is not in the set.
    assert scalars['val/qa/accuracy'].data[0][-1] <= 75
    sample = runner.val_dataloader.dataset[3]['data_samples']
    assert sample.gt_label.tolist() == [-1]
    assert sample.question == 'what runs?'


def test_frame_questions(tgif):
    cfg = config(tgif, 'models/all_in_one_qa.py',
                 'schedules/aid_all_in_one_qa.py',
                 'datasets/tgif_frame_all_in_one.py')
    cfg.model.model.heads = dict(mlm=dict(), qa=dict(num_answers=3))
    runner, scalars = train(cfg)
    assert scalars['val/qa/chance'].data[0][-1] == 50
    parts = [{loader.dataset.get_data_info(i)['video_id'] for i in range(2)}
             for loader in (runner.train_dataloader, runner.val_dataloader)]
    assert not parts[0] & parts[1]


def test_actions(tgif):
    cfg = config(tgif, 'models/all_in_one_mc.py',
                 'schedules/aid_all_in_one_qa.py',
                 'datasets/tgif_action_all_in_one.py')
    runner, scalars = train(cfg)
    assert scalars['val/qa/chance'].data[0][-1] == 20
    sample = runner.train_dataloader.dataset[0]
    assert sample['inputs'].shape == (1, 3, 3, 224, 224)
    fields = sample['data_samples']
    right = fields.gt_label.item()
    assert torch.equal(fields.text_ids, fields.option_ids[right])


def test_multiple_choice(msrvtt):
    (msrvtt / 'videos').rename(msrvtt / 'all')
    (msrvtt / 'videos').mkdir()
    (msrvtt / 'all').rename(msrvtt / 'videos' / 'all')
    write_lines(msrvtt / 'msrvtt_mc_test.jsonl', [
        dict(clip_name=f'video{i}', options=list('abcde'), answer=i)
        for i in range(COUNT)])
    cfg = config(msrvtt, 'models/all_in_one.py',
                 'datasets/msrvtt_mc_all_in_one.py')
    cfg.model = dict(cfg.model.model, heads=dict(rank=dict()), target='rank')
    cfg.test_cfg = dict(type='TestLoop')
    runner = Runner.from_cfg(cfg)
    metrics = runner.test()
    assert metrics['qa/chance'] == 20
    assert metrics['qa/accuracy'] in (0, 25, 50, 75, 100)


def test_broken_video_ends_the_run(msrvtt):
    (msrvtt / 'videos' / 'video2.mp4').write_bytes(b'no video')
    cfg = config(msrvtt, 'models/all_in_one.py',
                 'schedules/aid_all_in_one.py',
                 'datasets/msrvtt_retrieval_all_in_one.py')
    for split in ('train', 'val'):
        with pytest.raises(ValueError, match='video2.mp4.*cannot be decoded'):
            dataset = Runner.build_dataloader(
                cfg[f'{split}_dataloader']).dataset
            dataset[2]
