"""The toy world in the files of MSRVTT, for retrieval.

* ``videos/video<number>.mp4``
* ``train_9k.json``, ``train_7k.json`` (seven of nine of its clips),
  ``test.json``: MELTR's form, ``{sentences: [{video_id, caption}]}``
* ``txt_msrvtt-retrieval.json``: VIOLET's form
* All-in-one's form, and its questions and choices: see
  :func:`~meltr_mm.toyworld.line_files.write_msrvtt_lists` and
  :func:`~meltr_mm.toyworld.line_files.write_msrvtt_questions`
* ``img_msrvtt.pkl`` and ``msrvtt_vq.pkl``, see
  :func:`~meltr_mm.toyworld.frame_files.write_frame_files`, which also tells
  what the options are
"""
import dataclasses
import os.path as osp
from typing import Callable, Dict, Iterable, List

import numpy as np

from .captions import describe
from .clips import SPLITS, Clip, imagine_clips
from .folder import write_json
from .frame_files import write_frame_files
from .line_files import write_msrvtt_lists, write_msrvtt_questions
from .toy_data_set import ToyDataSet

# A clip has 20 captions in MSRVTT, and one in the retrieval test.
CAPTIONS = dict(train=2, val=1, test=1)
_SHARE_OF_7K = 7 / 9


def _imagine(seed: int, sizes: Dict[str, int]) -> Dict[str, List[Clip]]:
    clips = imagine_clips(seed, sizes)
    first, numbered = 0, {}
    for split in SPLITS:
        numbered[split] = [
            dataclasses.replace(clip, name=f'video{first + i}')
            for i, clip in enumerate(clips[split])
        ]
        first += len(clips[split])
    return numbered


def _fill(root: str, clips: Dict[str, List[Clip]],
          progress: Callable[[list], Iterable], frames: int,
          size: int) -> None:
    sentences = {
        split: [
            dict(video_id=clip.name, caption=caption)
            for clip in clips[split] for caption in describe(
                clip.scene, np.random.default_rng(clip.seed), CAPTIONS[split])
        ]
        for split in SPLITS
    }
    in_7k = {
        clip.name
        for clip in clips['train'][:round(_SHARE_OF_7K * len(clips['train']))]
    }
    for name, rows in dict(
            train_9k=sentences['train'],
            train_7k=[
                row for row in sentences['train'] if row['video_id'] in in_7k
            ],
            test=sentences['test']).items():
        write_json(osp.join(root, f'{name}.json'), dict(sentences=rows))
    write_json(
        osp.join(root, 'txt_msrvtt-retrieval.json'), {
            split: [
                dict(video=row['video_id'], caption=row['caption'])
                for row in sentences[split]
            ]
            for split in SPLITS
        })
    write_msrvtt_lists(root, clips, sentences, in_7k)
    write_msrvtt_questions(root, clips)
    write_frame_files(root, 'msrvtt',
                      [clip for split in SPLITS for clip in clips[split]],
                      'videos', '.mp4', frames, size, progress)


write_msrvtt = ToyDataSet(
    'msrvtt',
    version=3,
    fill=_fill,
    imagine=_imagine,
    options=dict(frames=2, size=96))
