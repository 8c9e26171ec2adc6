"""The commands of docs/data/, run as they stand there, and a training after.

The annotations of MSVD-QA and MSRVTT are those that the authors published, cut
to a few clips (with WHOLE_SUITE=1 whole, which takes minutes); of the other
data sets there are a few rows in their form. All clips are one tiny video
under many names, weights and features are random. What a page begins with must
end in "everything is there", and a small model of each kind that has a config
for the data must train on it.
"""
import csv
import gc
import json
import math
import os
import shutil
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from univl_files import dump, write_features

from meltr_mm.apis.s3d_features import S3DFeatures
from meltr_mm.datasets.data_files import read_clip_names, read_json
from meltr_mm.models.univl.s3dg import S3DG
from meltr_mm.models.violet.dvae_encoder import _KEYS, DVAEEncoder

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / 'shared' / 'real'
sys.path[:0] = [str(ROOT / 'tools' / 'data'), str(ROOT / 'tests' / 'docs')]
import prepare  # noqa: E402
import published_counts  # noqa: E402
from pages import blocks  # noqa: E402
from test_commands import commands_of, start  # noqa: E402

needs_real_files = pytest.mark.skipif(
    not REAL.is_dir(), reason='there are no real files beside the repository')
# How many clips of each split.
CLIPS = pytest.mark.parametrize('clips', [6, pytest.param(
    10000, marks=pytest.mark.skipif(
        not os.environ.get('WHOLE_SUITE'),
        reason='takes minutes: WHOLE_SUITE=1 runs it'))])
SMALL = dict(
    violet=dict(
        video_encoder=dict(swin=dict(
            _delete_=True, type='FramewiseSwin3D',
            arch=dict(embed_dims=4, depths=[1] * 4, num_heads=[1] * 4),
            window_size=(2, 3, 3))),
        bert=dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                  intermediate_size=32)),
    univl=dict(
        bert=dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                  intermediate_size=32),
        video_layers=1, cross_layers=1, decoder_layers=1),
    all_in_one=dict(
        vit=dict(num_heads=2, num_layers=1),
        bert=dict(hidden_size=32, num_attention_heads=2)))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the commands of a page, one after the other, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('MELTR_TOKENIZER', 'minilm')
    # Nothing is started beside this process.
    monkeypatch.setattr(os, 'cpu_count', lambda: 0)
    for name in ('configs', 'tools'):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / 'downloads').mkdir()
    small_encoder(tmp_path / 'encoder.pkl')
    # MMEngine collects garbage for each data set, of all that pytest holds.
    gc.freeze()

    def page(name, *wanted):
        printed = {}
        for block in blocks('bash', [ROOT / 'docs' / 'data' / f'{name}.md']):
            for command in commands_of(block):
                if wanted and not any(part in str(command)
                                      for part in wanted):
                    continue
                with monkeypatch.context() as patch:
                    try:
                        start(patch, command.script, command.words[2:])
                    except SystemExit as stop:
                        assert not stop.code, (
                            f'{command}: {stop.code}\n'
                            f'{capsys.readouterr().out[-3000:]}')
                printed[str(command)] = capsys.readouterr().out
        checks = {command: said for command, said in printed.items()
                  if 'check.py' in command}
        assert checks
        for command, said in checks.items():
            assert said.endswith('everything is there\n'), (command, said)
        return printed

    yield page
    gc.unfreeze()


def train(name, **options):
    """Two updates of a config at its place, with a small model."""
    cfg = Config.fromfile(f'configs/meltr_{name}.py')
    model = next(model for model in SMALL if name.startswith(model))
    cfg.merge_from_dict(dict(options, **{'model.model': SMALL[model]}))
    cfg.merge_from_dict(dict(
        work_dir='work', param_scheduler=None,
        train_cfg=dict(_delete_=True, type='IterBasedTrainLoop', max_iters=2),
        val_cfg=None, val_dataloader=None, val_evaluator=None,
        optim_wrapper=dict(begin=2, accumulative_counts=1),
        train_dataloader=dict(
            batch_size=2, num_workers=0, persistent_workers=False)))
    # Files and pictures take longer than the training.
    cfg.default_hooks.checkpoint = None
    cfg.custom_hooks = [hook for hook in cfg.custom_hooks
                        if hook.type != 'TaskWeightPlotHook']
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert runner.iter == 2 and runner.optim_wrapper.meta_steps == 1
    assert all(map(math.isfinite, scalars['train/loss'].data[0]))


def write_clip(path, frames=6):
    """Some frames of 32 x 32 pixels, ten in a second."""
    with av.open(str(path), 'w') as container:
        codec, pixels = ('gif', 'rgb8') if path.suffix == '.gif' else (
            'mpeg4', 'yuv420p')
        stream = container.add_stream(codec, rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = pixels
        for number in range(frames):
            image = np.full((32, 32, 3), 40 * number % 240, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, 'rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def link_clips(folder, names, frames=6):
    """One clip under many names."""
    folder.mkdir(parents=True)
    first, *others = [folder / name for name in names]
    write_clip(first, frames)
    for other in others:
        os.link(first, other)


def small_encoder(path):
    """The state dict of a DALL-E encoder, four channels wide, 16 codes."""
    torch.manual_seed(0)
    torch.save(_KEYS.inverse().rename(DVAEEncoder(4, 16).state_dict()), path)


def small_s3d(path, monkeypatch):
    """Random weights of S3D-G, which sees each seventh pixel."""
    torch.save(S3DG().state_dict(), path)
    encode = S3DFeatures.encode
    monkeypatch.setattr(
        S3DFeatures, 'encode',
        lambda self, clips: encode(self, clips[:, :, ::7, ::7]))


def shrink(configs, name):
    """The config in its own place, with a small model and two updates."""
    model = next(model for model in SMALL if name.startswith(model))
    (configs / f'meltr_{name}.py').write_text(f"""
_base_ = '{ROOT}/configs/meltr_{name}.py'
model = dict(model={SMALL[model]})
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
optim_wrapper = dict(begin=2, accumulative_counts=1)
train_cfg = dict(
    _delete_=True, type='IterBasedTrainLoop', max_iters=2, val_begin=3)
param_scheduler = None
default_hooks = dict(checkpoint=None, logger=dict(interval=1))
custom_hooks = []
""")


@pytest.fixture
def any_count(monkeypatch):
    """No number of items is known to be wrong."""
    return lambda: monkeypatch.setattr(published_counts, '_FILES', {})


def msvd_qa(folder, clips):
    """The real files, cut; names of the clips with questions."""
    folder.mkdir()
    shutil.copy(REAL / 'msvd' / 'youtube_mapping.txt', folder)
    clip_of = read_clip_names(str(folder / 'youtube_mapping.txt'))
    kept = set()
    for split in ('train', 'val', 'test'):
        rows = read_json(str(REAL / 'msvd' / f'{split}_qa.json'))
        some = set(sorted({row['video_id'] for row in rows})[:clips])
        (folder / f'{split}_qa.json').write_text(json.dumps(
            [row for row in rows if row['video_id'] in some]))
        kept |= some
    return [clip_of[f'vid{number}'] for number in kept]


def youcook2(folder, names):
    """Annotations in their form: five clips of each video, two to train."""
    folder.mkdir(parents=True)
    clips = dict(start=np.arange(5), end=np.arange(5) + 2,
                 text=np.array(['stir the soup'] * 5, object),
                 transcript=np.array(['NONE'] * 5, object))
    dump(folder / 'youcookii_data.no_transcript.pickle',
         dict.fromkeys(names, clips))
    for split, videos in (('train', names[:-1]), ('val', names[-1:])):
        (folder / f'youcookii_{split}.csv').write_text(
            'video_id,feature_file\n' + ''.join(f'{v},{v}\n' for v in videos))


@needs_real_files
def test_from_videos(run, tmp_path, any_count, monkeypatch):
    names = msvd_qa(tmp_path / 'downloads' / 'msvd', 2)
    link_clips(tmp_path / 'data' / 'msvd' / 'videos',
               [f'{name}.avi' for name in names])
    films = ['v0', 'v1', 'v2']
    youcook2(tmp_path / 'data' / 'youcook2', films)
    link_clips(tmp_path / 'data' / 'youcook2' / 'videos',
               [f'{film}.mp4' for film in films], frames=60)
    small_s3d(tmp_path / 's3d_howto100m.pth', monkeypatch)
    any_count()
    configs = tmp_path / 'configs'
    configs.unlink()
    configs.mkdir()
    trained = ('violet_msvdqa', 'univl_youcook2_retrieval',
               'all_in_one_msvdqa')
    for name in trained:
        shrink(configs, name)
    monkeypatch.setattr(sys, 'argv', [
        'prepare.py', 'msvd_qa', '--from', 'downloads/msvd'])
    prepare.main()
    said = run('from_videos')
    assert sum('check.py' in command for command in said) == 4
    for name in trained:
        logs = sorted((tmp_path / 'work_dirs' / f'meltr_{name}').glob(
            '*/vis_data/scalars.json'))
        # VIOLET is trained with codes and without.
        assert len(logs) == (2 if 'violet' in name else 1)
        for log in logs:
            lines = [json.loads(line) for line in open(log)]
            assert [line['step'] for line in lines] == [1, 2]
            assert all(math.isfinite(line['loss']) for line in lines)


@needs_real_files
@CLIPS
def test_msvd_qa(run, tmp_path, any_count, clips):
    names = msvd_qa(tmp_path / 'downloads' / 'msvd', clips)
    link_clips(tmp_path / 'data' / 'msvd' / 'videos',
               [f'{name}.avi' for name in names])
    if clips < 10000:
        any_count()
    violet = run('msvd_qa')[
        'python tools/data/check.py configs/meltr_violet_msvdqa.py']
    if clips == 10000:
        assert 'train: 30,933 items, 1,161 clips read' in violet
        assert 'test: the answers of 11,983 of 13,157 questions' in violet
    for model in ('violet', 'all_in_one'):
        train(f'{model}_msvdqa')


def msrvtt(folder, clips):
    """The real files, cut; names of the videos."""
    shutil.copytree(REAL / 'msrvtt', folder)
    content = read_json(str(folder / 'MSRVTT_data.json'))
    of_split = {}
    for video in content['videos']:
        of_split.setdefault(video['split'], []).append(video['video_id'])
    with open(folder / 'MSRVTT_JSFUSION_test.csv') as text:
        pairs = csv.DictReader(text, delimiter=';')
        of_split['pairs'] = [row['video_id'] for row in pairs]
    kept = {name for names in of_split.values() for name in names[:clips]}
    for key in ('videos', 'sentences'):
        content[key] = [row for row in content[key]
                        if row['video_id'] in kept]
    (folder / 'MSRVTT_data.json').write_text(json.dumps(content))
    for file in folder.glob('*.csv'):
        with open(file) as text:
            delimiter = ';' if 'JSFUSION' in file.name else ','
            head, *rows = csv.reader(text, delimiter=delimiter)
        column = head.index('video_id')
        with open(file, 'w', newline='') as text:
            csv.writer(text, delimiter=delimiter).writerows(
                [head, *(row for row in rows if row[column] in kept)])
    return [video['video_id'] for video in content['videos']]


@needs_real_files
@CLIPS
def test_msrvtt(run, tmp_path, any_count, clips):
    folder = tmp_path / 'downloads' / 'msrvtt'
    names = msrvtt(folder, clips)
    write_features(folder / 'msrvtt_videos_features.pickle', names, seconds=1)
    (folder / 'msrvtt_mc_test.jsonl').write_text(''.join(
        json.dumps(dict(clip_name=name, options=list('abcde'), answer=1))
        + '\n' for name in names[-2990:]))
    if clips == 10000:  # their features; videos would take a quarter hour
        univl = run('msrvtt', 'prepare.py', 'meltr_univl')[
            'python tools/data/check.py '
            'configs/meltr_univl_msrvtt9k_retrieval.py']
        assert 'train: 180,000 items, 9,000 clips read' in univl
        train('univl_msrvtt9k_retrieval')
        return
    link_clips(tmp_path / 'data' / 'msrvtt' / 'videos',
               [f'{name}.mp4' for name in names])
    any_count()
    run('msrvtt')
    for model in SMALL:
        train(f'{model}_msrvtt9k_retrieval')


def test_tgif_qa(run, tmp_path, any_count):
    folder = tmp_path / 'downloads' / 'tgif'
    folder.mkdir()
    gifs = [f'g{number}' for number in range(24)]
    for split, names in (('Train', gifs[:20]), ('Test', gifs[20:])):
        for task in ('action', 'transition'):
            columns = ['gif_name', 'question', *(f'a{i}' for i in range(1, 6)),
                       'answer']
            rows = [[name, 'what does it do ?', *'abcde', str(i % 5)]
                    for i, name in enumerate(names)]
            write_table(folder / f'{split}_{task}_question.csv', columns, rows)
        rows = [[name, 'what is it ?', ('dog', 'cat')[i % 2], '0']
                for i, name in enumerate(names)]
        write_table(folder / f'{split}_frameqa_question.csv',
                    ['gif_name', 'question', 'answer', 'type'], rows)
    link_clips(tmp_path / 'data' / 'tgif' / 'gifs',
               [f'{name}.gif' for name in gifs])
    any_count()
    said = run('tgif_qa')
    assert sum('check.py' in command for command in said) == 6
    for model in ('violet', 'all_in_one'):
        train(f'{model}_tgif_action')


def write_table(path, columns, rows):
    path.write_text(''.join(
        '\t'.join(row) + '\n' for row in [columns, *rows]))


def test_youcook2(run, tmp_path, any_count):
    folder = tmp_path / 'downloads' / 'youcook2'
    names = [f'v{number}' for number in range(6)]
    youcook2(folder, names)
    write_features(folder / 'youcookii_videos_features.pickle', names)
    any_count()
    run('youcook2')
    train('univl_youcook2_retrieval', feature_file='data/youcook2/'
          'youcookii_videos_features.npy')


def test_cmu_mosi(run, tmp_path, any_count, monkeypatch):
    folder = tmp_path / 'downloads' / 'cmu_mosi'
    folder.mkdir()
    table, names = {}, []
    for split, size in (('train', 2), ('valid', 1), ('test', 1)):
        ids = [f'{split}$_${number}' for number in range(size)]
        table[split] = dict(
            id=ids, raw_text=np.array(['GOOD FILM'] * size, object),
            regression_labels=np.linspace(-2, 2, size, dtype=np.float32))
        names += ids
    dump(folder / 'unaligned_50.pkl', table)
    link_clips(tmp_path / 'data' / 'cmu_mosi' / 'videos',
               [f'{name}.mp4' for name in names])
    small_s3d(tmp_path / 's3d_howto100m.pth', monkeypatch)
    any_count()
    run('cmu_mosi')
    train('univl_mosi')
