"""The toy world as a person's own clips: a folder, and a csv for each task.

* ``videos/clip_<number>.mp4``
* ``questions.csv``: ``video,question,answer``
* ``captions.csv``: ``video,caption``
* ``ratings.csv``: ``video,text,rating``, where somebody says what they think
  of what is to be seen

The clips of all splits are written as one set; nothing says which is which.
"""
import os
import os.path as osp
from typing import Callable, Dict, Iterable, List

import numpy as np

from .frame_files import write_mp4
from .language import ask, describe, opine
from .renderer import render
from .toy_data_set import ToyDataSet, write_csv
from .world import FPS, SPLITS, Clip


def _fill(root: str, clips: Dict[str, List[Clip]],
          progress: Callable[[list], Iterable]) -> None:
    os.makedirs(osp.join(root, 'videos'))
    questions, captions, ratings = [], [], []
    chosen = [clip for split in SPLITS for clip in clips[split]]
    for number, clip in enumerate(progress(chosen), 1):
        name, rng = f'clip_{number}.mp4', np.random.default_rng(clip.seed)
        write_mp4(osp.join(root, 'videos', name), render(clip.scene), FPS)
        questions += [(name, question.text, question.answer)
                      for question in ask(clip.scene, rng)]
        captions += [(name, text) for text in describe(clip.scene, rng, 2)]
        opinion = opine(clip.scene, rng)
        ratings.append((name, opinion.text, str(opinion.words)))
    write_csv(osp.join(root, 'questions.csv'),
              ('video', 'question', 'answer'), questions)
    write_csv(osp.join(root, 'captions.csv'), ('video', 'caption'), captions)
    write_csv(osp.join(root, 'ratings.csv'), ('video', 'text', 'rating'),
              ratings)


write_own_clips = ToyDataSet('own', version=1, fill=_fill)
