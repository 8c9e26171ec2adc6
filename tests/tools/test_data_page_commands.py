"""The commands of docs/data/, run as they stand there on the real files.

The annotations are those that the authors published; the clips are one tiny
video under 1,910 names, and features are random. What a page begins with must
end in "everything is there".
"""
import os
import shutil
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from univl_files import write_features

from meltr_mm.datasets.annotation_files import read_clip_names, read_json
from meltr_mm.models.violet.dvae_encoder import _KEYS, DVAEEncoder

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / 'shared' / 'real'
sys.path.insert(0, str(ROOT / 'tests' / 'docs'))
from pages import blocks  # noqa: E402
from test_commands import commands_of, start  # noqa: E402

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason='there are no real files beside the repository')


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the commands of a page that name one of some scripts or configs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('MELTR_TOKENIZER', 'minilm')
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    (tmp_path / 'downloads').mkdir()

    def page(name, *wanted):
        printed = []
        for block in blocks('bash', [ROOT / 'docs' / 'data' / f'{name}.md']):
            for command in commands_of(block):
                if not any(part in str(command) for part in wanted):
                    continue
                with monkeypatch.context() as patch:
                    try:
                        start(patch, command.script, command.words[2:])
                    except SystemExit as stop:
                        assert not stop.code, (
                            f'{command}: {stop.code}\n'
                            f'{capsys.readouterr().out[-3000:]}')
                printed.append(capsys.readouterr().out)
        return printed

    return page


def write_clip(path):
    """Six frames of 32 x 32 pixels."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mpeg4', rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = 'yuv420p'
        for number in range(6):
            image = np.full((32, 32, 3), 40 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, 'rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def small_encoder(path):
    """The state dict of a DALL-E encoder of four channels and 64 codes."""
    torch.manual_seed(0)
    torch.save(_KEYS.inverse().rename(DVAEEncoder(4, 64).state_dict()), path)


def test_msvd_qa(run, tmp_path):
    (tmp_path / 'downloads' / 'msvd').symlink_to(REAL / 'msvd')
    videos = tmp_path / 'data' / 'msvd' / 'videos'
    videos.mkdir(parents=True)
    write_clip(tmp_path / 'clip.avi')
    clip_of = read_clip_names(str(REAL / 'msvd' / 'youtube_mapping.txt'))
    asked = {f"vid{row['video_id']}" for split in ('train', 'val', 'test')
             for row in read_json(str(REAL / 'msvd' / f'{split}_qa.json'))}
    assert len(asked) == 1910
    for clip in asked:
        os.link(tmp_path / 'clip.avi', videos / f'{clip_of[clip]}.avi')
    small_encoder(tmp_path / 'encoder.pkl')
    *_, violet = run('msvd_qa', 'prepare.py', 'extract_', 'meltr_violet')
    for line in ('train: 30,933 items, 1,161 clips read', 'everything is the',
                 'test: the answers of 11,983 of 13,157 questions'):
        assert line in violet
    all_in_one, = run('msvd_qa', 'meltr_all_in_one')
    assert 'everything is there' in all_in_one


def test_msrvtt(run, tmp_path):
    """UniVL, whose features are there; 10,000 clips take too long here."""
    shutil.copytree(REAL / 'msrvtt', tmp_path / 'downloads' / 'msrvtt')
    write_features(
        tmp_path / 'downloads' / 'msrvtt' / 'msrvtt_videos_features.pickle',
        [f'video{i}' for i in range(10000)], seconds=1)
    prepared, univl = run('msrvtt', 'prepare.py', 'meltr_univl')
    assert '140,200  140,200' in prepared
    assert 'train: 180,000 items, 9,000 clips read' in univl
    assert 'test: the same as val' in univl
    assert 'everything is there' in univl
