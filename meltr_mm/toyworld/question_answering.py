"""The toy world in the files of MSVD-QA and of TGIF-QA.

Both have pickles ``img_<data set>.pkl`` and ``<data set>_vq.pkl``, see
:func:`~meltr_mm.toyworld.frame_files.write_frame_files`, which also tells
what the options are.

MSVD-QA:

* ``videos/<clip>.mp4``
* ``txt_msvd-qa.json``: annotations and vocabulary, VIOLET's form
* ``{train,val,test}_qa.json``, ``youtube_mapping.txt``: original form
* ``msvd_{train,val,test}.jsonl``, ``msvd_answer_set.txt``,
  ``msvd_youtube_mapping.txt``: All-in-one's form

TGIF-QA has two kinds of clips, with the given number of clips of each:
performers that repeat an act (action), and one thing after another
(transition). FrameQA asks about both.

* ``gifs/<clip>.gif``
* ``{Train,Test}_{action,transition,frameqa}_question.csv``: original form,
  tabs between the columns
* ``txt_tgif-{action,transition,frame}.json``: VIOLET's form
* ``{action,transition,frameqa}_{train,test}.jsonl`` and
  ``frameqa_trainval_ans2label.json``: All-in-one's form
"""
import csv
import os.path as osp
from typing import Callable, Dict, Iterable, List

import numpy as np

from meltr_mm.datasets.answer_vocabulary import most_frequent_answers
from meltr_mm.datasets.open_ended_qa_datasets import TGIF_TYPES

from .frame_files import write_frame_files
from .language import ask
from .routines import (
    ask_repetition,
    ask_transition,
    imagine_repetition,
    imagine_transition,
)
from .toy_data_set import (
    ToyDataSet,
    write_json,
    write_json_lines,
    write_lines,
    write_numbered_answers,
)
from .world import SPLITS, Clip, imagine_clips


def _fill_msvd(root: str, clips: Dict[str, List[Clip]],
               progress: Callable[[list], Iterable], frames: int,
               size: int) -> None:
    _write_msvd(root, clips)
    write_frame_files(root, 'msvd',
                      [clip for split in SPLITS for clip in clips[split]],
                      'videos', '.mp4', frames, size, progress)


def _write_msvd(root: str, clips: Dict[str, List[Clip]]) -> None:
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
    'msvd_qa', version=3, fill=_fill_msvd, options=dict(frames=2, size=96))


# The data set has no validation file: its training file holds both.
_TABLES = dict(Train=('train', 'val'), Test=('test', ))
_TYPE_OF = dict(shape='object', count='number', colour='colour')
_NUMBER_OF = {name: int(number) for number, name in TGIF_TYPES.items()}

Clips = Dict[str, List[Clip]]
Rows = Dict[str, List[dict]]


def _imagine_tgif(seed: int, sizes: Dict[str, int]) -> Dict[str, Clips]:
    # Seeds of their own, or the two kinds would share names.
    return dict(
        action=imagine_clips(
            2 * seed, sizes, imagine_repetition, _name_like_tumblr),
        transition=imagine_clips(
            2 * seed + 1, sizes, imagine_transition, _name_like_tumblr))


def _name_like_tumblr(rng: np.random.Generator) -> str:
    letters = np.array(list('abcdefghijklmnopqrstuvwxyz0123456789'))
    return f"tumblr_n{''.join(rng.choice(letters, size=14))}o1_400"


def _fill_tgif(root: str, kinds: Dict[str, Clips],
               progress: Callable[[list], Iterable], frames: int,
               size: int) -> None:
    action, transition = kinds['action'], kinds['transition']
    clips = {split: action[split] + transition[split] for split in SPLITS}
    _write_choices(root, 'action', action, ask_repetition)
    _write_choices(root, 'transition', transition, ask_transition)
    _write_frame_qa(root, clips)
    write_frame_files(root, 'tgif',
                      [clip for split in SPLITS for clip in clips[split]],
                      'gifs', '.gif', frames, size, progress)


def _write_choices(root: str, task: str, clips: Dict[str, List[Clip]],
                   ask_about: Callable) -> None:
    rows: Rows = {
        split: [
            dict(
                gif_name=clip.name,
                question=choice.text,
                **{f'a{i}': option
                   for i, option in enumerate(choice.options, 1)},
                answer=choice.answer) for clip in clips[split]
            for choice in ask_about(clip.scene,
                                    np.random.default_rng(clip.seed))
        ]
        for split in SPLITS
    }
    _write_tables(root, task, rows)
    _write_lines(
        root, task, {
            split: [
                dict(
                    gif_name=row['gif_name'],
                    question=row['question'],
                    options=[row[f'a{i}'] for i in range(1, 6)],
                    answer=row['answer']) for row in rows[split]
            ]
            for split in SPLITS
        })
    write_json(
        osp.join(root, f'txt_tgif-{task}.json'), {
            split: [
                dict(
                    video=row['gif_name'],
                    question=row['question'],
                    **{f'option_{i}': row[f'a{i + 1}'] for i in range(5)},
                    answer=row['answer']) for row in rows[split]
            ]
            for split in SPLITS
        })


def _write_frame_qa(root: str, clips: Dict[str, List[Clip]]) -> None:
    rows: Rows = {
        split: [
            dict(
                gif_name=clip.name,
                question=question.text.replace('?', ' ?'),
                answer=question.answer,
                type=_NUMBER_OF[_TYPE_OF[question.type]])
            for clip in clips[split]
            for question in ask(clip.scene, np.random.default_rng(clip.seed))
        ]
        for split in SPLITS
    }
    _write_tables(root, 'frameqa', rows)
    vocab = most_frequent_answers((row['answer'] for row in rows['train']),
                                  size=1540)
    _write_lines(
        root, 'frameqa', {
            split: [{key: row[key]
                     for key in ('gif_name', 'question', 'answer')}
                    for row in rows[split]]
            for split in SPLITS
        })
    write_numbered_answers(
        osp.join(root, 'frameqa_trainval_ans2label.json'), vocab)
    label_of = {answer: label for label, answer in enumerate(vocab)}
    violet_form = {
        split: [
            dict(
                video=row['gif_name'],
                question=row['question'],
                answer=label_of.get(row['answer'], -1)) for row in rows[split]
        ]
        for split in SPLITS
    }
    write_json(
        osp.join(root, 'txt_tgif-frame.json'), dict(**violet_form,
                                                    vocab=vocab))


def _write_tables(root: str, task: str, rows: Rows) -> None:
    for table, splits in _TABLES.items():
        path = osp.join(root, f'{table}_{task}_question.csv')
        content = [row for split in splits for row in rows[split]]
        with open(path, 'w', encoding='utf-8', newline='') as file:
            writer = csv.DictWriter(
                file, [*content[0], 'vid_id', 'key'],
                delimiter='\t',
                lineterminator='\n')
            writer.writeheader()
            for key, row in enumerate(content):
                name = f'{task.upper()}{key}'
                writer.writerow(dict(**row, vid_id=name, key=key))


def _write_lines(root: str, task: str, rows: Rows) -> None:
    for table, splits in _TABLES.items():
        write_json_lines(
            osp.join(root, f'{task}_{table.lower()}.jsonl'),
            (row for split in splits for row in rows[split]))


write_tgif_qa = ToyDataSet(
    'tgif_qa',
    version=4,
    fill=_fill_tgif,
    imagine=_imagine_tgif,
    options=dict(frames=2, size=96))
