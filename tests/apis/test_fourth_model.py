"""A model of one file outside the package goes all the way."""
import torch
from fourth_model import AveragesModel
from mmengine.runner import Runner
from toy_checkpoints import toy_config

from meltr_mm.apis import VideoQAInferencer, VideoRetrievalInferencer
from meltr_mm.meltr import MELTRWrapper

STEPS = 4


def train(cfg, task, primary, work_dir):
    """Train on a toy data set, validate, and give runner and checkpoint."""
    cfg.model = dict(
        type='MELTRWrapper',
        model=dict(type='AveragesModel', task=task,
                   data_preprocessor=cfg.model.model.data_preprocessor),
        meltr=cfg.model.meltr,
        losses=[primary, 'loss_colour'],
        primary=primary)
    cfg.work_dir = str(work_dir)
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=STEPS,
                         val_interval=STEPS)
    cfg.param_scheduler, cfg.custom_hooks = [], []
    cfg.log_processor.by_epoch = False
    cfg.default_hooks.checkpoint = dict(
        type='CheckpointHook', by_epoch=False, interval=STEPS)
    cfg.train_dataloader.batch_size = 4
    cfg.optim_wrapper.interval = 2
    runner = Runner.from_cfg(cfg)
    before = {name: value.clone()
              for name, value in runner.model.named_parameters()}
    runner.train()
    assert isinstance(runner.model, MELTRWrapper)
    assert isinstance(runner.model.model, AveragesModel)
    assert runner.optim_wrapper.meta_steps == STEPS // 2
    still = [name for name, value in runner.model.named_parameters()
             if torch.equal(value, before[name])]
    assert not [name for name in still if name.startswith('model.')], still
    return runner, str(work_dir / f'iter_{STEPS}.pth')


def metric(runner, name):
    return runner.message_hub.get_scalar(f'val/{name}').current()


def test_it_answers_questions(toy_root, videos, tmp_path):
    cfg = toy_config('violet_msvdqa', 'msvd_qa', toy_root)
    runner, path = train(
        cfg, dict(type='AveragesQA',
                  num_answers=cfg.model.model.task.num_answers),
        'loss_qa', tmp_path)
    assert 0 <= metric(runner, 'qa/accuracy') <= 100
    ask = VideoQAInferencer(weights=path, device='cpu')
    found = ask(videos, question='what moves?', top_k=3)['predictions']
    assert [result['video'] for result in found] == videos
    for result in found:
        assert result['answer'] == result['answers'][0]['answer']
        assert {item['answer'] for item in result['answers']} <= set(
            ask.vocabulary)


def test_it_retrieves_videos(toy_msrvtt_root, videos, tmp_path):
    cfg = toy_config('violet_msrvtt7k_retrieval', 'msrvtt', toy_msrvtt_root)
    runner, path = train(cfg, dict(type='AveragesRetrieval'),
                         'loss_contrast', tmp_path)
    dataset = runner.val_dataloader.dataset
    ranks = {name: metric(runner, f'{name}/retrieval/MeanR')
             for name in ('t2i', 'i2t')}
    assert 1 <= ranks['t2i'] <= dataset.num_videos
    assert 1 <= ranks['i2t'] <= dataset.num_texts
    find = VideoRetrievalInferencer(weights=path, videos=videos,
                                    index=str(tmp_path / 'index'),
                                    device='cpu')
    hits = find('a red circle', top_k=4)['predictions'][0]['videos']
    assert {hit['video'] for hit in hits} == set(videos)
    scores = [hit['score'] for hit in hits]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) > 1
