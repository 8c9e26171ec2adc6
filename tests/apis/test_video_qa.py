import json
import shutil

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.dataset import pseudo_collate
from PIL import Image
from toy_checkpoints import VOCAB, save_checkpoint, toy_config
from zip_equal import zip_equal

from meltr_mm.apis import VideoQAInferencer


@pytest.fixture(scope='module')
def ask(answering):
    return VideoQAInferencer(weights=answering, device='cpu')


def test_answers_are_those_of_the_evaluation(ask, toy_root):
    """Files and the data set, through the same pipeline, give the same."""
    dataset = DATASETS.build(
        toy_config('violet_msvdqa', 'msvd_qa',
                   toy_root).test_dataloader.dataset)
    infos = [dataset.get_data_info(i) for i in range(3)]
    expected = ask.model.val_step(
        pseudo_collate([dataset[i] for i in range(3)]))
    found = ask([info['filename'] for info in infos], batch_size=2,
                question=[info['question'] for info in infos])['predictions']
    assert len(found) == 3
    for result, info, sample in zip_equal(found, infos, expected):
        assert result['video'] == info['filename']
        assert result['question'] == info['question']
        order = sample.pred_score.argsort(descending=True)
        assert [item['answer'] for item in result['answers']] == [
            VOCAB[place] for place in order]
        assert [item['score'] for item in result['answers']] == pytest.approx(
            sample.pred_score[order].tolist(), abs=1e-5)
        assert result['answer'] == result['answers'][0]['answer']
        assert result['score'] == result['answers'][0]['score']
    json.dumps(found)  # plain


def test_best_come_first_and_top_k_counts(ask, videos):
    found = ask(videos, question='what moves?', top_k=3)['predictions']
    for result in found:
        scores = [item['score'] for item in result['answers']]
        assert len(scores) == 3 and scores == sorted(scores, reverse=True)


def test_pictures(ask, videos, tmp_path):
    found = ask(videos[:2], question='what moves?', return_vis=True,
                vis_out_dir=str(tmp_path))
    for number, image in enumerate(found['visualization']):
        assert image.dtype == np.uint8
        written = np.asarray(Image.open(tmp_path / f'{number}.png'))
        assert (written == image).all()
    assert ask(videos[:1], question='x')['visualization'] is None


def test_vocabulary_of_the_data_set(toy_root, tmp_path):
    """A converted checkpoint has none, but the config's files have."""
    cfg = toy_config('violet_msvdqa', 'msvd_qa', toy_root)
    path = save_checkpoint(cfg, tmp_path / 'x.pth')
    ask = VideoQAInferencer(weights=path, device='cpu')
    content = json.loads((toy_root / 'txt_msvd-qa.json').read_text())
    assert ask.vocabulary == content['vocab']
    cfg.test_dataloader.dataset.data_root = str(tmp_path)
    with pytest.raises(FileNotFoundError, match=r'x\.pth: the checkpoint has '
                       r'no vocabulary.*txt_msvd-qa\.json'):
        VideoQAInferencer(cfg, path, device='cpu')


def test_options_and_gifs(choosing, toy_tgif_root):
    choose = VideoQAInferencer(weights=choosing, device='cpu')
    dataset = DATASETS.build(
        toy_config('violet_tgif_action', 'tgif_qa',
                   toy_tgif_root).test_dataloader.dataset)
    info = dataset.get_data_info(1)
    sample, = choose.model.val_step(pseudo_collate([dataset[1]]))
    result, = choose(info['filename'], question=info['question'],
                     options=info['options'])['predictions']
    order = sample.pred_score.argsort(descending=True)
    assert [item['answer'] for item in result['answers']] == [
        info['options'][place] for place in order]
    assert sum(item['score'] for item in result['answers']) == pytest.approx(1)
    both = choose([info['filename']] * 2, question='what?',
                  options=[['jump', 'turn'], ['a', 'b', 'c']])['predictions']
    assert [len(result['answers']) for result in both] == [2, 3]
    with pytest.raises(ValueError, match='give two or more'):
        choose(info['filename'], question='what?')


@pytest.mark.parametrize('task, asked', [
    ('msvdqa', dict(question='what moves?')),
    ('tgif_action', dict(question='what does it do?',
                         options=['jump', 'turn', 'grow'])),
])
def test_all_in_one(all_in_one, toy_root, videos, task, asked):
    """Options come with the question; answers are in the config's files."""
    ask = VideoQAInferencer(weights=all_in_one(task), device='cpu')
    names = asked.get('options') or (
        toy_root / 'msvd_answer_set.txt').read_text().splitlines()
    for result in ask(videos[:2], batch_size=2, top_k=100,
                      **asked)['predictions']:
        assert {item['answer'] for item in result['answers']} == set(names)
        assert sum(item['score'] for item in result['answers']) <= 1 + 1e-5


def test_config_that_reads_extracted_frames(answering, toy_root, videos):
    """A video takes the place of the pickle, sampled by its rule."""
    cfg = toy_config('violet_msvdqa', 'msvd_qa', toy_root)
    cfg.model.model.task.num_answers = len(VOCAB)
    direct = VideoQAInferencer(cfg, answering, device='cpu')
    cfg.test_dataloader.dataset.pipeline[0].img_file = 'gone.pkl'
    frames = VideoQAInferencer(cfg, answering, device='cpu')
    asked = dict(question='what moves?')
    assert frames(videos, **asked)['predictions'] == direct(
        videos, **asked)['predictions']


def test_wrong_inputs_are_named(ask, videos, tmp_path):
    broken = tmp_path / 'broken.mp4'
    broken.write_bytes(b'no video')
    for video, message in [
        (str(broken), r'broken\.mp4: must be a video, but is a text'),
        (str(tmp_path / 'gone.mp4'), r'gone\.mp4: there is no such video'),
        ('features.npy', r'features\.npy: this model looks at videos'),
        (np.zeros((2, 3)), r'array \(2, 3\): this model looks at videos'),
    ]:
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            ask(video, question='what?')
    with pytest.raises(ValueError, match='a question is needed'):
        ask(videos)
    with pytest.raises(ValueError, match='of 5 answers, so leave the options'):
        ask(videos, question='what?', options=['a', 'b'])
    with pytest.raises(ValueError, match='each of the 4, but has 2'):
        ask(videos, question=['a', 'b'])


def test_wrong_models_are_named(answering, choosing, ranking_videos, toy_root,
                                tmp_path):
    with pytest.raises(ValueError, match='this model ranks videos for a text'
                       ', which VideoQAInferencer does not ask for'):
        VideoQAInferencer(weights=ranking_videos)
    with pytest.raises(FileNotFoundError, match='gone.py: there is no such'):
        VideoQAInferencer('gone.py', answering)
    with pytest.raises(FileNotFoundError, match='gone.pth: there is no such'):
        VideoQAInferencer(weights='gone.pth')
    with pytest.raises(ValueError, match='set `weights`'):
        VideoQAInferencer('x.py')
    cfg = toy_config('violet_msvdqa', 'msvd_qa', toy_root)
    message = (r'violet_tgif_action\.pth: checkpoint and config must belong '
               r'together.*is not in')
    with pytest.raises(ValueError, match=message):
        VideoQAInferencer(cfg, choosing)
    shutil.copy(answering, tmp_path / 'bare.pth')
    content = torch.load(answering, weights_only=True)
    torch.save(dict(state_dict={
        name[len('model.'):]: value
        for name, value in content['state_dict'].items()
        if name.startswith('model.')}), tmp_path / 'bare.pth')
    with pytest.raises(ValueError, match='no config in this checkpoint'):
        VideoQAInferencer(weights=tmp_path / 'bare.pth')
    # With a config, a bare checkpoint is as good as a wrapped one.
    cfg.model.model.task.num_answers = len(VOCAB)
    bare = VideoQAInferencer(cfg, tmp_path / 'bare.pth', device='cpu')
    with pytest.raises(ValueError, match=r'has 5 for \d+ answers'):
        bare(str(next((toy_root / 'videos').iterdir())), question='what?')
