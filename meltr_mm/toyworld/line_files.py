"""The toy data sets in All-in-one's files, beside those of other models."""
import json
import os.path as osp
from typing import Dict, Iterable, List

import numpy as np

from meltr_mm.datasets.answer_vocabulary import most_frequent_answers

from .captions import describe
from .clips import SPLITS, Clip
from .folder import write_json, write_pickle
from .questions import ask
from .world import imagine_scene

Rows = Dict[str, List[dict]]

NUM_OPTIONS = 5


def write_lines(path: str, lines: Iterable[str]) -> None:
    """Write a text file, one item per line.

    Args:
        path (str): The file.
        lines (Iterable[str]): Its lines, without their ends.
    """
    with open(path, 'w', encoding='utf-8', newline='\n') as file:
        file.writelines(f'{line}\n' for line in lines)


def write_json_lines(path: str, rows: Iterable[dict]) -> None:
    """Write a file with one JSON object per line.

    Args:
        path (str): The file.
        rows (Iterable[dict]): The objects.
    """
    write_lines(path, (json.dumps(row, ensure_ascii=False) for row in rows))


def write_numbered_answers(path: str, vocab: List[str]) -> None:
    """Write a vocabulary as a dict from answers to their numbers.

    Args:
        path (str): The file.
        vocab (list[str]): The answers by number.
    """
    write_json(path, {answer: label for label, answer in enumerate(vocab)})


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
