"""Existing models of MMAction2 and mmpretrain, wrapped by MELTR.

They need an older transformers than the rest of the suite, so they run in an
environment of their own: `tools/run_tests.sh` lays it over the main one.
Elsewhere nothing in this folder is collected.
"""
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from child_process import environment

from meltr_mm.datasets.transforms.tokenizing import minilm_directory
from meltr_mm.toyworld.frame_files import write_mp4
from meltr_mm.toyworld.language import ask
from meltr_mm.toyworld.renderer import render
from meltr_mm.toyworld.world import FPS, imagine_clips

ROOT = Path(__file__).resolve().parents[2]

if find_spec('mmpretrain') is None:
    collect_ignore_glob = ['test_*.py']


@pytest.fixture(scope='session')
def world(tmp_path_factory):
    """Videos, pictures, annotations and tiny model configurations."""
    import cv2
    folder = tmp_path_factory.mktemp('world')
    (folder / 'videos').mkdir()
    (folder / 'images').mkdir()
    clips = imagine_clips(0, dict(train=8, val=12, test=0))
    for split in ('train', 'val'):
        captions, questions = [], []
        pictures = dict(images=[], annotations=[])
        for number, clip in enumerate(clips[split]):
            frames = render(clip.scene)
            write_mp4(str(folder / 'videos' / f'{clip.name}.mp4'), frames,
                      FPS)
            cv2.imwrite(str(folder / 'images' / f'{clip.name}.png'),
                        frames[0][..., ::-1])
            actor = clip.scene.actors[0]
            caption = f'a {actor.colour} {actor.shape} on {number} lines'
            captions.append(dict(video=f'{clip.name}.mp4', caption=caption))
            asked = ask(clip.scene, np.random.default_rng(clip.seed))[0]
            questions.append(dict(
                question_id=number, video=f'{clip.name}.mp4',
                question=asked.text, answer=asked.answer))
            pictures['images'].append(dict(
                id=number, coco_url=f'http://host/images/{clip.name}.png'))
            pictures['annotations'].append(dict(
                id=number, image_id=number, caption=caption))
        for name, content in (('ret', captions), ('qa', questions),
                              ('image', pictures)):
            (folder / f'{name}_{split}.json').write_text(json.dumps(content))
    (folder / 'answers.json').write_text(json.dumps(
        ['red', 'green', 'blue', 'yellow']))
    _tiny_models(folder)
    return folder


def _tiny_models(folder):
    sizes = dict(hidden_size=64, num_hidden_layers=4, num_attention_heads=4,
                 intermediate_size=64)
    (folder / 'beit').mkdir()
    (folder / 'beit' / 'config.json').write_text(json.dumps(dict(
        sizes, model_type='beit', image_size=32, patch_size=16,
        use_relative_position_bias=True)))
    (folder / 'bert').mkdir()
    (folder / 'bert' / 'config.json').write_text(json.dumps(dict(
        sizes, model_type='bert', vocab_size=30524)))
    for file in ('vocab.txt', 'tokenizer_config.json',
                 'special_tokens_map.json'):
        shutil.copy(Path(minilm_directory()) / file, folder / 'bert' / file)


@pytest.fixture
def train(tmp_path):
    """Runs a config through a library's own train script."""

    def run(text, library='mmaction'):
        package, = find_spec(library).submodule_search_locations
        script = Path(package) / '.mim' / 'tools' / 'train.py'
        config = tmp_path / 'config.py'
        config.write_text(text)
        result = subprocess.run(
            [sys.executable, '-W', 'ignore', script, config, '--work-dir',
             tmp_path / 'work'],
            env=environment(ROOT, OMP_NUM_THREADS='1'),
            capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stderr[-3000:]
        scalars = [json.loads(line) for file in tmp_path.glob(
            'work/*/vis_data/scalars.json')
            for line in file.read_text().splitlines()]
        return scalars, tmp_path / 'work'

    return run
