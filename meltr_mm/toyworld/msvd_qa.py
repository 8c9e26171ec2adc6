"""The toy world in the files of MSVD-QA.

* ``videos/<clip>.mp4``
* ``txt_msvd-qa.json``: annotations and vocabulary, VIOLET's form
* ``{train,val,test}_qa.json``, ``youtube_mapping.txt``: original form
* ``msvd_{train,val,test}.jsonl``, ``msvd_answer_set.txt``,
  ``msvd_youtube_mapping.txt``: All-in-one's form
* ``img_msvd.pkl`` and ``msvd_vq.pkl``, see
  :func:`~meltr_mm.toyworld.frame_files.write_frame_files`, which also tells
  what the options are
"""
import os.path as osp
from typing import Callable, Dict, Iterable, List

import numpy as np

from meltr_mm.datasets.answer_vocabulary import most_frequent_answers

from .clips import SPLITS, Clip
from .folder import write_json
from .frame_files import write_frame_files
from .line_files import write_json_lines, write_lines
from .questions import ask
from .toy_data_set import ToyDataSet


def _fill(root: str, clips: Dict[str, List[Clip]],
          progress: Callable[[list], Iterable], frames: int,
          size: int) -> None:
    _write_annotations(root, clips)
    write_frame_files(root, 'msvd',
                      [clip for split in SPLITS for clip in clips[split]],
                      'videos', '.mp4', frames, size, progress)


def _write_annotations(root: str, clips: Dict[str, List[Clip]]) -> None:
    number_of: Dict[str, int] = {}
    asked: Dict[str, list] = {split: [] for split in SPLITS}
    identity = 0
    for split in SPLITS:
        for clip in clips[split]:
            number_of[clip.name] = len(number_of) + 1
            for question in ask(clip.scene, np.random.default_rng(clip.seed)):
                asked[split].append(
                    dict(
                        answer=question.answer,
                        id=identity,
                        question=question.text,
                        video_id=number_of[clip.name]))
                identity += 1
    vocab = most_frequent_answers(
        (item['answer'] for item in asked['train']), size=1000)
    label_of = {answer: label for label, answer in enumerate(vocab)}
    name_of = {number: name for name, number in number_of.items()}
    violet_form = {
        split: [
            dict(
                video=name_of[item['video_id']],
                question=item['question'],
                answer=label_of.get(item['answer'], -1))
            for item in asked[split]
        ]
        for split in SPLITS
    }
    write_json(
        osp.join(root, 'txt_msvd-qa.json'), dict(**violet_form, vocab=vocab))
    for split in SPLITS:
        write_json(osp.join(root, f'{split}_qa.json'), asked[split])
        write_json_lines(osp.join(root, f'msvd_{split}.jsonl'), asked[split])
    write_lines(osp.join(root, 'msvd_answer_set.txt'), vocab)
    for table in ('youtube_mapping.txt', 'msvd_youtube_mapping.txt'):
        write_lines(
            osp.join(root, table),
            (f'{name} vid{number}' for name, number in number_of.items()))


write_msvd_qa = ToyDataSet(
    'msvd_qa', version=3, fill=_fill, options=dict(frames=2, size=96))
