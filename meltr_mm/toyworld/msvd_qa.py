"""The toy world in the files of MSVD-QA."""
import os.path as osp
from functools import partial
from typing import Callable, Dict, Iterable, List

import numpy as np

from meltr_mm.datasets.answer_vocabulary import most_frequent_answers

from .clips import SPLITS, Clip, imagine_clips
from .folder import write_folder, write_json
from .frame_files import write_frame_files
from .line_files import write_json_lines, write_lines
from .questions import ask

# Raised when the same arguments give other files than before.
VERSION = 2


def write_msvd_qa(root: str,
                  seed: int = 0,
                  sizes: Dict[str, int] = dict(train=1000, val=60, test=160),  # noqa: B006, E501
                  frames: int = 2,
                  size: int = 96,
                  progress: Callable[[list], Iterable] = iter) -> bool:
    """Write a toy data set in every file format in which MSVD-QA is found.

    * ``videos/<clip>.mp4``
    * ``txt_msvd-qa.json``: annotations and vocabulary, VIOLET's form
    * ``{train,val,test}_qa.json``, ``youtube_mapping.txt``: original form
    * ``msvd_{train,val,test}.jsonl``, ``msvd_answer_set.txt``,
      ``msvd_youtube_mapping.txt``: All-in-one's form
    * ``img_msvd.pkl``: ``frames`` JPEGs per clip, base64
    * ``msvd_vq.pkl``: codes (frames, size/32, size/32) per clip, int16, from
      :func:`~meltr_mm.toyworld.colour_codes.colour_codes`

    A second call with the same arguments writes nothing.

    Args:
        root (str): The folder.
        seed (int): Decides everything. Defaults to 0.
        sizes (dict[str, int]): Number of clips of ``'train'``, ``'val'`` and
            ``'test'``. Defaults to 1000, 60 and 160.
        frames (int): Frames per clip in the two pickles. Defaults to 2.
        size (int): Side of the frames that the model sees, pixels. Defaults
            to 96.
        progress (Callable): Wraps the list of clips, to show progress, e.g.
            ``tqdm``. Defaults to ``iter``.

    Returns:
        bool: Whether anything was written.

    Raises:
        FileExistsError: See
            :func:`~meltr_mm.toyworld.folder.write_folder`.
    """
    arguments = dict(
        version=VERSION,
        dataset='msvd_qa',
        seed=seed,
        sizes={split: sizes[split] for split in SPLITS},
        frames=frames,
        size=size)
    clips = imagine_clips(seed, sizes)
    return write_folder(
        root, arguments,
        partial(
            _fill, clips=clips, frames=frames, size=size, progress=progress))


def _fill(root: str, clips: Dict[str, List[Clip]], frames: int, size: int,
          progress: Callable[[list], Iterable]) -> None:
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
