"""The recipes of configs/official: what fixtures cannot see of a whole run."""
import math
import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS

from meltr_mm.config import completed
from meltr_mm.datasets.transforms.inputs import single_steps
from meltr_mm.meltr import AIDOptimWrapper

ROOT = Path(__file__).resolve().parents[2]
OFFICIAL = sorted((ROOT / 'configs' / 'official').glob('meltr_*.py'))
EIGHT = ['loss_joint', 'loss_alignment', 'loss_mlm', 'loss_mfm',
         'loss_m_joint', 'loss_m_align', 'loss_decoder', 'loss_m_decoder']
QA = ['loss_vtm', 'loss_mtm', 'loss_mvm']
LOSSES = dict(
    all_in_one_msrvtt=('loss_mlm', ['loss_mlm', 'loss_itc']),
    univl_mosi=('loss_sentiment', ['loss_sentiment', 'loss_joint',
                                   'loss_alignment', 'loss_mlm', 'loss_mfm']),
    univl_msrvtt_captioning=('loss_decoder', EIGHT),
    univl_youcook2_captioning=('loss_decoder', EIGHT),
    univl=('loss_alignment', EIGHT),
    violet_msrvtt=('loss_vtm', QA),
    violet=('loss_qa', ['loss_qa', *QA]))


def load(name, folder='official'):
    cfg = Config.fromfile(
        ROOT / 'configs' / folder / f'meltr_{name}.py')
    cfg.work_dir = 'unused'
    return completed(cfg)


def of(table, file):
    """The first entry whose key begins the name of a config."""
    name = file.stem[len('meltr_'):]
    return next(value for key, value in table.items()
                if name.startswith(key))


def test_every_published_number_has_its_recipe():
    assert len(OFFICIAL) == 14
    for file in OFFICIAL:
        ours = ROOT / 'configs' / file.name
        assert ours.is_file()
        lines = [re.sub('^# ?', '', line)
                 for line in file.read_text().splitlines()
                 if line.startswith('#')]
        header = ' '.join(' '.join(lines).replace('\\', '').split())
        assert f'tools/train.py configs/official/{file.name}' in header
        for part in ('Paper: ', 'Differs from ours: ', 'A whole run: ',
                     'python tools/convert/', 'load_from='):
            assert part in header or 'LITTLE' in header, (file, part)


@pytest.mark.parametrize('file', OFFICIAL, ids=lambda f: f.stem)
def test_losses_in_their_order(file):
    cfg = load(file.stem[len('meltr_'):])
    primary, losses = of(LOSSES, file)
    assert cfg.model.losses == losses and cfg.model.primary == primary


@pytest.mark.parametrize('name, std, bias', [
    ('all_in_one_msrvtt7k_retrieval', 0.02, 0),
    # torch's: uniform within 1 / sqrt(fan in).
    ('univl_youcook2_retrieval', None, None),
    ('violet_msvdqa', None, None),
])
def test_statistics_of_the_start_of_meltr(name, std, bias):
    cfg = load(name)
    torch.manual_seed(0)
    meltr = MODELS.build(dict(
        cfg.model.meltr, num_tasks=len(cfg.model.losses)))
    layers = [meltr.loss_fc2, meltr.encoder.linear1, meltr.encoder.linear2,
              meltr.fc1]
    for layer in layers:
        bound = layer.in_features**-0.5
        want = std or bound / math.sqrt(3)
        assert layer.weight.std().item() == pytest.approx(want, rel=0.1)
        if layer.bias is not None:
            largest = layer.bias.abs().max().item()
            assert largest == 0 if bias == 0 else largest == pytest.approx(
                bound, rel=0.1)
    embedding = meltr.task_embedding.weight.std().item()
    assert embedding == pytest.approx(std or 1., rel=0.15)
    # Not the plain sum: the network alone.
    losses = torch.ones(meltr.num_tasks, requires_grad=True)
    slopes, = torch.autograd.grad(meltr.eval()(losses), losses)
    assert (slopes != 1).all()


def updates_of(cfg, samples, processes):
    """Parameter updates of a whole run, and how many have a meta step."""
    share = -(-samples // processes)
    batch = cfg.train_dataloader.batch_size
    length = share // batch if cfg.train_dataloader.drop_last else \
        -(-share // batch)
    counts = cfg.optim_wrapper.get('accumulative_counts', 1)
    updates = length * cfg.train_cfg.max_epochs // counts
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.)
    wrapper = AIDOptimWrapper(
        optimizer=optimizer, meta_optimizer=optimizer,
        **{key: value for key, value in cfg.optim_wrapper.items()
           if key in ('interval', 'begin', 'history', 'gamma')})
    due = [t for t in range(1, updates + 1) if wrapper._is_due(t)]
    return updates, due


@pytest.mark.parametrize('name, samples, processes, updates, steps, first', [
    ('all_in_one_msrvtt7k_retrieval', 7010, 8, 11000, 2200, [1, 6, 11]),
    ('all_in_one_msrvtt9k_retrieval', 9000, 8, 14200, 2840, [1, 6, 11]),
    ('univl_msrvtt7k_retrieval', 140200, 8, 1095, 365, [1, 4, 7]),
    ('univl_msrvtt9k_retrieval', 9000, 8, 70, 24, [1, 4, 7]),
    ('univl_msrvtt_captioning', 140200, 8, 1095, 365, [1, 4, 7]),
    ('univl_mosi', 1284, 1, 800, 267, [1, 4, 7]),
    ('univl_youcook2_retrieval', 10330, 8, 80, 27, [1, 4, 7]),
    ('univl_youcook2_captioning', 10330, 8, 80, 27, [1, 4, 7]),
    ('violet_msvdqa', 30933, 1, 185580, 61860, [3, 6, 9]),
    ('violet_tgif_action', 20475, 1, 136500, 45500, [3, 6, 9]),
    ('violet_tgif_transition', 52704, 1, 351360, 117120, [3, 6, 9]),
    ('violet_tgif_frame', 39392, 1, 157560, 52520, [3, 6, 9]),
    ('violet_msrvtt7k_retrieval', 140200, 1, 560800, 186933, [3, 6, 9]),
    ('violet_msrvtt9k_retrieval', 180000, 1, 720000, 240000, [3, 6, 9]),
])
def test_updates_and_meta_steps_of_a_whole_run(name, samples, processes,
                                               updates, steps, first):
    cfg = load(name)
    total, due = updates_of(cfg, samples, processes)
    assert (total, len(due), due[:3]) == (updates, steps, first)
    header = (ROOT / 'configs' / 'official' / f'meltr_{name}.py').read_text()
    text = ' '.join(header.replace('\n#', ' ').split())
    assert f'{updates:,} updates' in text and f'{steps:,} meta steps' in text


@pytest.mark.parametrize('name, samples, processes', [
    ('all_in_one_msrvtt7k_retrieval', 7010, 8),
    ('all_in_one_msrvtt9k_retrieval', 9000, 8),
    ('all_in_one_msrvtt_mc', 6309, 8),
    ('all_in_one_msvdqa', 30933, 8),
    ('all_in_one_tgif_action', 20475 * 9 // 10, 8),
    ('all_in_one_tgif_frame', 39392 * 9 // 10, 8),
    ('univl_mosi', 1284, 1),
    ('univl_msrvtt7k_retrieval', 140200, 8),
    ('univl_msrvtt9k_retrieval', 180000, 8),
    ('univl_msrvtt_captioning', 140200, 8),
    ('univl_youcook2_retrieval', 10330, 4),
    ('univl_youcook2_captioning', 10330, 4),
    ('violet_msvdqa', 30933, 1),
    ('violet_tgif_action', 20475, 1),
    ('violet_tgif_transition', 52704, 1),
    ('violet_tgif_frame', 39392, 1),
    ('violet_msrvtt7k_retrieval', 140200, 1),
    ('violet_msrvtt9k_retrieval', 180000, 1),
])
def test_what_our_runs_cost(name, samples, processes):
    total, due = updates_of(load(name, '.'), samples, processes)
    header = (ROOT / 'configs' / f'meltr_{name}.py').read_text()
    text = ' '.join(header.replace('\n#', ' ').split())
    assert f'{total:,} updates, {len(due):,} meta steps' in text


def rates(cfg, length, updates, asked):
    """The rate of some updates, counted from 0, as the runner sets it."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD(
        [parameter], lr=cfg.optim_wrapper.optimizer.lr)
    schedules = cfg.get('param_scheduler') or []
    schedulers = [
        PARAM_SCHEDULERS.get(schedule['type']).build_iter_from_epoch(
            optimizer=optimizer, epoch_length=length, **{
                key: value for key, value in schedule.items()
                if key not in ('type', 'convert_to_iter_based')})
        for schedule in (schedules if isinstance(schedules, list)
                         else [schedules])
    ]
    seen = {}
    for update in range(updates):
        if update in asked:
            seen[update] = optimizer.param_groups[0]['lr']
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return seen


def twenty(updates):
    return [round(i * (updates - 1) / 19) for i in range(20)]


def test_rates_of_all_in_one():
    """Up to 3e-4 in a tenth of the run, then straight to 0."""
    length, epochs = 55, 200
    total = length * epochs
    found = rates(load('all_in_one_msrvtt7k_retrieval'), length, total,
                  twenty(total))
    warm = total // 10
    for update, rate in found.items():
        # Officially the counter moves with every second batch.
        step = update // 2 * 2
        want = step / warm if step < warm else (total - step) / (total - warm)
        assert rate == pytest.approx(3e-4 * want, abs=3e-4 * 3 / warm)


@pytest.mark.parametrize('name, length, epochs', [
    ('univl_msrvtt7k_retrieval', 1095, 1), ('univl_mosi', 40, 20)])
def test_rates_of_univl(name, length, epochs):
    """BERT's Adam counts from 1, and its rate falls over four runs."""
    cfg = load(name)
    total, period = length * epochs, 4 * length * epochs
    found = rates(cfg, length, total, twenty(total))
    base = cfg.optim_wrapper.optimizer.lr
    for update, rate in found.items():
        share = (update + 1) % (period + 1) / (period + 1)
        assert rate == pytest.approx(base * (1 - share), rel=1e-9)


def test_rates_of_violet_are_constant():
    for name, lr, decay, meta in (
            ('msvdqa', 1.2e-5, 1e-3, (1e-4, 1e-4)),
            ('tgif_frame', 3e-5, 1e-4, (1e-4, 1e-4)),
            ('tgif_action', 6e-6, 1e-3, (1e-4, 1e-4)),
            ('tgif_transition', 3e-6, 1e-3, (1e-4, 1e-4)),
            ('msrvtt7k_retrieval', 3e-6, 1e-3, (3e-6, 1e-3))):
        cfg = load(f'violet_{name}')
        assert not cfg.get('param_scheduler')
        options = cfg.optim_wrapper
        assert options.optimizer == dict(
            type='AdamW', lr=lr, betas=(0.9, 0.98), weight_decay=decay)
        assert (options.meta_optimizer.lr,
                options.meta_optimizer.weight_decay) == meta
        assert options.gamma == 0.1 and options.meta_clip_grad == dict(
            max_norm=12)
        assert 'clip_grad' not in options
        # In float32: autocast came with the original only.
        assert options.type == 'AIDOptimWrapper'


def test_optimisers_of_the_others():
    options = load('univl_youcook2_retrieval').optim_wrapper
    assert options.optimizer == dict(
        type='BertAdam', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.01,
        max_grad_norm=1.)
    assert options.gamma == 0 and options.history.eviction == 'fifo'
    assert options.meta_optimizer == dict(
        type='Adam', lr=1e-3, weight_decay=3e-5)
    options = load('all_in_one_msrvtt7k_retrieval').optim_wrapper
    assert options.optimizer == dict(
        type='BertAdamW', lr=3e-4, betas=(0.9, 0.98), eps=1e-8,
        weight_decay=0.01)
    assert options.gamma == 0.1 and options.history.eviction == 'weighted'
    assert options.meta_clip_grad == dict(max_norm=1.)


@pytest.mark.parametrize('file', OFFICIAL, ids=lambda f: f.stem)
def test_what_evaluation_reads_and_measures(file):
    cfg = load(file.stem[len('meltr_'):])
    steps = {step['type']: step for step in single_steps(
        cfg.test_dataloader.dataset.pipeline)}
    if 'all_in_one' in file.stem:
        sampling = steps['SampleFramesBySegment']
        assert sampling['random'] and sampling['num_clips'] == 3
        assert 'ResizeAntialiased' in steps and 'Resize' not in steps
        assert cfg.model.model.vit.patch_order == 'random'
    elif 'univl' in file.stem:
        words, frames = (50, 50) if 'mosi' in file.stem else (20, 100)
        assert steps['TokenizeText']['max_length'] == words
        assert steps['LoadVideoFeatures']['max_frames'] == frames
        assert cfg.model.model.loss_rules == 'official'
    else:
        assert steps['DecodeJPEGFrames']['clip_len'] == 5
        assert cfg.model.model.masked_frames_for_target
    metric = cfg.test_evaluator
    if 'captioning' in file.stem:
        assert metric == dict(type='CaptionMetric', tokenizer='plain')
        assert steps['TokenizeReferences']['max_length'] == 20
        task = cfg.model.model.task
        assert task.stopping == 'official' and task.beam_size == 5
        assert task.max_length == 20
        texts = cfg.train_dataloader.dataset
        assert 'transcript' in texts.get('data_file', texts.ann_file)
        assert 'no_transcript' not in texts.get('data_file', '')
    elif 'retrieval' in file.stem:
        assert metric.type == 'TextVideoRetrievalMetric'
        assert metric.get('ties', 'mean') == (
            'official' if 'univl' in file.stem else 'mean')
    if 'violet_tgif' in file.stem and 'frame' not in file.stem:
        assert steps['TokenizeChoices']['official_text']
        assert cfg.model.model.task.official_matching


@pytest.mark.parametrize('file', OFFICIAL, ids=lambda f: f.stem)
def test_which_checkpoint_counts(file):
    """All-in-one alone chooses; the others keep every epoch."""
    hook = load(file.stem[len('meltr_'):]).default_hooks.checkpoint
    if 'all_in_one' in file.stem:
        assert hook.save_best == 't2i/retrieval/R@1'
        assert hook.rule == 'greater'
    else:
        assert hook.save_best is None and hook.max_keep_ckpts == -1


def test_what_is_trained_on():
    """The last batch, options and captions as officially."""
    for name, drop in (('violet_msrvtt9k_retrieval', False),
                       ('violet_msvdqa', True),
                       ('all_in_one_msrvtt7k_retrieval', False),
                       ('univl_msrvtt7k_retrieval', True)):
        assert load(name).train_dataloader.drop_last is drop
    cfg = load('violet_tgif_action')
    steps = {step['type']: step for step in single_steps(
        cfg.train_dataloader.dataset.pipeline)}
    assert steps['MaskText']['official_options']
    assert steps['MaskVideoBlocks']['official_rng']
    cfg = load('univl_msrvtt9k_retrieval')
    assert cfg.train_dataloader.dataset.samples == 'videos'
    picks = [step for step in single_steps(
        cfg.train_dataloader.dataset.pipeline)
        if step['type'] == 'PickCaption']
    assert [step.get('key', 'caption') for step in picks] == [
        'text', 'caption']
    # What is watched after each epoch is the test set.
    cfg = load('violet_msvdqa')
    assert cfg.val_dataloader.dataset == cfg.test_dataloader.dataset
