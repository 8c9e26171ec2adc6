"""Rank a gallery on one of several processes: RANK WORLD_SIZE FOLDER."""
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from mmaction.structures import ActionDataSample

from meltr_mm.models.layers import Gallery

# Five texts of three videos, in the order of the data set.
VIDEO_OF_TEXT = [7, 2, 2, 7, 5]
# What the processes of a job get: padded to equal parts, or not even equal.
DEALT = dict(
    one=[[0, 1, 2, 3, 4]],
    equal=[[0, 2, 4], [1, 3, 0]],
    shuffled=[[3, 0, 0], [4, 1, 2]],
    unequal=[[4, 3, 2, 1, 0], [0]])


def features(texts):
    """Vectors of texts and of their videos."""
    of_videos = torch.tensor([VIDEO_OF_TEXT[text] for text in texts])
    angles = torch.arange(8.) ** 2
    return dict(text=angles[texts, None],
                video=torch.stack([angles[of_videos], of_videos + 1.], dim=1))


def samples(texts):
    return [ActionDataSample(metainfo=dict(
        sample_idx=10 + text, video_index=VIDEO_OF_TEXT[text],
        video_id='not read')) for text in texts]


def score(texts, videos, *factors):
    """(q, 1) and (G, 2) -> (q, G)"""
    scores = torch.cos(texts['text'] + videos['video'][:, 0])
    scores = scores + texts['text'] * videos['video'][:, 1]
    for factor in factors:
        scores = scores * factor
    return scores


def rank(texts):
    """The scores of a process's share of the gallery, twice, and truth."""
    gallery = Gallery(features(texts), samples(texts), 3, 5)
    scores = gallery.scores(score)
    squares = gallery.scores(score, scores)
    return squares, [[(sample.pred_score, sample.gt_label.tolist())
                      for sample in part]
                     for part in gallery.predictions(scores, -scores.T)]


if __name__ == '__main__':
    own, world_size, folder = sys.argv[1:]
    dist.init_process_group(
        'gloo',
        init_method=f'file://{folder}/meeting',
        rank=int(own),
        world_size=int(world_size))
    torch.save({name: rank(parts[int(own)])
                for name, parts in DEALT.items() if name != 'one'},
               Path(folder) / f'rank{own}.pt')
    # A process that leaves early can hang the other.
    dist.barrier()
    dist.destroy_process_group()
