"""The toy world in the files of MSRVTT, for retrieval.

* ``videos/video<number>.mp4``
* ``train_9k.json``, ``train_7k.json`` (seven of nine of its clips),
  ``test.json``: MELTR's form, ``{sentences: [{video_id, caption}]}``
* ``txt_msrvtt-retrieval.json``: VIOLET's form
* All-in-one's form, and its questions and choices: see
  :func:`write_msrvtt_lists` and :func:`write_msrvtt_questions`
* ``img_msrvtt.pkl`` and ``msrvtt_vq.pkl``, see
  :func:`~meltr_mm.toyworld.frame_files.write_frame_files`, which also tells
  what the options are
"""
import dataclasses
import os.path as osp
from typing import Callable, Dict, Iterable, List

import numpy as np

from meltr_mm.datasets.answer_vocabulary import most_frequent_answers

from .frame_files import write_frame_files
from .language import ask, describe
from .toy_data_set import (
    ToyDataSet,
    write_json,
    write_json_lines,
    write_lines,
    write_numbered_answers,
    write_pickle,
)
from .world import SPLITS, Clip, imagine_clips, imagine_scene

Rows = Dict[str, List[dict]]

NUM_OPTIONS = 5


def write_msrvtt_lists(root: str, clips: Dict[str, List[Clip]],
                       sentences: Rows, in_7k: Iterable[str]) -> None:
    """Write captions and lists of MSRVTT.

    * ``MSR_VTT.json``, all captions
    * ``train_list_{7k,9k}.txt``, ``val_list_jsfusion.txt`` and, which the
      real data lack, ``val_list.txt``
    * ``jsfusion_val_caption_idx.pkl``, which caption of a test clip counts
    * ``msrvtt_mc_test.jsonl``, the caption of each test clip among others

    Args:
        root (str): The folder of the data set.
        clips (dict[str, list[Clip]]): The clips of each split.
        sentences (dict[str, list[dict]]): ``video_id`` and ``caption`` of
            each split; one per clip of the test.
        in_7k (Iterable[str]): Names of the clips of the smaller list.
    """
    write_json(
        osp.join(root, 'MSR_VTT.json'),
        dict(annotations=[
            dict(image_id=row['video_id'], caption=row['caption'])
            for split in SPLITS for row in sentences[split]
        ]))
    names = {split: [clip.name for clip in clips[split]] for split in SPLITS}
    for name, videos in dict(
            train_list_9k=names['train'],
            train_list_7k=[v for v in names['train'] if v in in_7k],
            val_list=names['val'],
            val_list_jsfusion=names['test']).items():
        write_lines(osp.join(root, f'{name}.txt'), videos)
    write_pickle(
        osp.join(root, 'jsfusion_val_caption_idx.pkl'),
        dict.fromkeys(names['test'], 0))
    write_json_lines(
        osp.join(root, 'msrvtt_mc_test.jsonl'),
        (_choice_of_captions(clip, row['caption'])
         for clip, row in zip(clips['test'], sentences['test'])))


def _choice_of_captions(clip: Clip, caption: str) -> dict:
    rng = np.random.default_rng([*clip.seed, 1])
    options: List[str] = []
    while len(options) < NUM_OPTIONS - 1:
        scene = imagine_scene(rng)
        other, = describe(scene, rng, 1)
        # The background is named only now and then.
        if scene.signature[1:] != clip.scene.signature[1:] and (
                other not in options):
            options.append(other)
    answer = int(rng.integers(NUM_OPTIONS))
    options.insert(answer, caption)
    return dict(clip_name=clip.name, options=options, answer=answer)


def write_msrvtt_questions(root: str, clips: Dict[str, List[Clip]],
                           vocab_size: int = 1500) -> None:
    """Write MSRVTT-QA: questions about the clips of MSRVTT.

    * ``msrvtt_qa_{train,val,test}.jsonl``
    * ``msrvtt_train_ans2label.json``

    Args:
        root (str): The folder of the data set.
        clips (dict[str, list[Clip]]): The clips of each split.
        vocab_size (int): The most answers. Defaults to 1500.
    """
    asked = {
        split: [
            dict(
                question=question.text,
                answer=question.answer,
                video_id=clip.name) for clip in clips[split]
            for question in ask(clip.scene, np.random.default_rng(clip.seed))
        ]
        for split in SPLITS
    }
    for split in SPLITS:
        write_json_lines(
            osp.join(root, f'msrvtt_qa_{split}.jsonl'), asked[split])
    write_numbered_answers(
        osp.join(root, 'msrvtt_train_ans2label.json'),
        most_frequent_answers((row['answer'] for row in asked['train']),
                              size=vocab_size))


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
