"""The toy world in the files of TGIF-QA.

There are two kinds of clips, with the given number of clips of each:
performers that repeat an act (action), and one thing after another
(transition). FrameQA asks about both.

* ``gifs/<clip>.gif``
* ``{Train,Test}_{action,transition,frameqa}_question.csv``: original form,
  tabs between the columns
* ``txt_tgif-{action,transition,frame}.json``: VIOLET's form
* ``{action,transition,frameqa}_{train,test}.jsonl`` and
  ``frameqa_trainval_ans2label.json``: All-in-one's form
* ``img_tgif.pkl`` and ``tgif_vq.pkl``, see
  :func:`~meltr_mm.toyworld.frame_files.write_frame_files`, which also tells
  what the options are
"""
import csv
import os.path as osp
from typing import Callable, Dict, Iterable, List

import numpy as np

from meltr_mm.datasets.answer_vocabulary import most_frequent_answers
from meltr_mm.datasets.open_ended_qa_datasets import TGIF_TYPES

from .choices import ask_repetition, ask_transition
from .clips import SPLITS, Clip, imagine_clips
from .folder import write_json
from .frame_files import write_frame_files
from .line_files import write_json_lines, write_numbered_answers
from .questions import ask
from .routines import imagine_repetition, imagine_transition
from .toy_data_set import ToyDataSet

# The data set has no validation file: its training file holds both.
_TABLES = dict(Train=('train', 'val'), Test=('test', ))
_TYPE_OF = dict(shape='object', count='number', colour='colour')
_NUMBER_OF = {name: int(number) for number, name in TGIF_TYPES.items()}

ClipsOfSplits = Dict[str, List[Clip]]
Rows = Dict[str, List[dict]]


def _imagine(seed: int, sizes: Dict[str, int]) -> Dict[str, ClipsOfSplits]:
    # Seeds of their own, or the two kinds would share names.
    return dict(
        action=imagine_clips(2 * seed, sizes, imagine_repetition, _name),
        transition=imagine_clips(2 * seed + 1, sizes, imagine_transition,
                                 _name))


def _name(rng: np.random.Generator) -> str:
    letters = np.array(list('abcdefghijklmnopqrstuvwxyz0123456789'))
    return f"tumblr_n{''.join(rng.choice(letters, size=14))}o1_400"


def _fill(root: str, kinds: Dict[str, ClipsOfSplits],
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
    fill=_fill,
    imagine=_imagine,
    options=dict(frames=2, size=96))
