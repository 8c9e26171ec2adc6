"""TGIF-QA and MSRVTT of the toy world, as the datasets read them."""
import hashlib
import json

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from meltr_mm.datasets import (
    MSRVTTRetrievalDataset,
    TGIFChoiceQADataset,
    TGIFFrameQADataset,
)
from meltr_mm.datasets.container_checks import count_gif_frames
from meltr_mm.datasets.data_files import load_video_table
from meltr_mm.toyworld import write_msrvtt, write_tgif_qa
from meltr_mm.toyworld.world import FRAMES


def read_frames(steps, **results):
    for step in steps:
        results = TRANSFORMS.build(step)(results)
    return np.stack(results['imgs']).astype(int)


def annotations(root):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.iterdir()
        if path.is_file() and path.name != 'toyworld.json'
    }


@pytest.mark.parametrize('task', ['action', 'transition'])
def test_choices_in_both_forms(toy_tgif_root, task):
    options = dict(data_root=str(toy_tgif_root))
    table = TGIFChoiceQADataset(f'Train_{task}_question.csv', **options)
    parts = [
        TGIFChoiceQADataset(f'txt_tgif-{task}.json', split, **options)
        for split in ('train', 'val')
    ]
    infos = [part.get_data_info(i) for part in parts
             for i in range(len(part))]
    assert len(infos) == len(table)
    for i, info in enumerate(infos):
        other = table.get_data_info(i)
        assert all(info[key] == other[key]
                   for key in ('video_id', 'question', 'options', 'label'))


def test_frame_questions_in_both_forms(toy_tgif_root):
    options = dict(data_root=str(toy_tgif_root), split='test',
                   data_prefix=dict(video='gifs'))
    table = TGIFFrameQADataset(
        'Test_frameqa_question.csv',
        train_ann_file='Train_frameqa_question.csv', **options)
    json_form = TGIFFrameQADataset('txt_tgif-frame.json', **options)
    assert len(table) == len(json_form) > 6
    for i in range(len(table)):
        one, other = table.get_data_info(i), json_form.get_data_info(i)
        assert one['question'] == other['question']
        assert other['answer'] in ('', one['answer'])
        assert one['question_type'] in ('object', 'number', 'colour')


def test_gifs_show_what_the_pickles_hold(toy_tgif_root):
    steps = [
        dict(type='VideoInit'),
        dict(type='SampleFramesEvenly', clip_len=2), dict(type='VideoDecode')
    ]
    images = str(toy_tgif_root / 'img_tgif.pkl')
    gifs = sorted((toy_tgif_root / 'gifs').iterdir())
    assert {gif.stem for gif in gifs} == set(load_video_table(images))
    assert len(gifs) == 30
    for gif in gifs:
        assert count_gif_frames(gif.read_bytes()) == FRAMES
    for gif in gifs[:5]:
        decoded = read_frames(steps, filename=str(gif))
        extracted = read_frames(
            [dict(type='DecodeJPEGFrames', img_file=images, clip_len=2)],
            video_id=gif.stem)
        assert np.abs(decoded - extracted).mean() < 3


def test_msrvtt(toy_msrvtt_root):
    def load(file, split='train'):
        return MSRVTTRetrievalDataset(
            file, split, data_root=str(toy_msrvtt_root))

    big, small = load('train_9k.json'), load('train_7k.json')
    assert (big.num_videos, big.num_texts) == (9, 18)
    assert (small.num_videos, small.num_texts) == (7, 14)
    test = load('test.json')
    assert (test.num_videos, test.num_texts) == (4, 4)
    violet = load('txt_msrvtt-retrieval.json', 'test')
    for i in range(4):
        assert test.get_data_info(i) == violet.get_data_info(i)
    assert test.get_data_info(0)['video_id'] == 'video12'
    assert load('txt_msrvtt-retrieval.json', 'val').num_texts == 3


@pytest.mark.parametrize(
    'write', [write_tgif_qa, write_msrvtt], ids=lambda write: write.name)
def test_same_arguments_same_files(write, tmp_path):
    sizes = dict(train=3, val=1, test=1)
    for name in ('a', 'b'):
        assert write(str(tmp_path / name), sizes=sizes)
    assert annotations(tmp_path / 'a') == annotations(tmp_path / 'b')
    assert not write(str(tmp_path / 'a'), sizes=sizes)
    assert write(str(tmp_path / 'c'), seed=1, sizes=sizes)
    assert annotations(tmp_path / 'c') != annotations(tmp_path / 'a')
    content = json.loads((tmp_path / 'a' / 'toyworld.json').read_text())
    assert content['sizes'] == sizes
