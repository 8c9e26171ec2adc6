"""Rank a gallery on one of several processes: RANK WORLD_SIZE FOLDER."""
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from mmaction.registry import MODELS
from tiny_violet import CONFIG, make_batch

VIDEOS = 'abcad'


def rank_gallery(rank=0, world_size=1, top_k=None):
    """Scores and right items of this process's share of the queries."""
    torch.manual_seed(0)
    task = dict(type='VioletRetrieval', top_k=top_k)
    model = MODELS.build({**CONFIG, 'task': task}).eval()
    frames, samples = make_batch(len(VIDEOS))
    frames[3] = frames[0]
    for i, sample in enumerate(samples):
        sample.set_metainfo(dict(sample_idx=i, video_id=VIDEOS[i]))
    # As DefaultSampler: padded to equal parts, dealt out in turn.
    rows = [i % len(VIDEOS)
            for i in range(rank, len(VIDEOS) + 1, world_size)]
    with torch.no_grad():
        feats = model(frames[rows], [samples[i] for i in rows])
        return [[(sample.pred_score, sample.gt_label) for sample in part]
                for part in model.predict_all(
                    feats, [samples[i] for i in rows], 4, len(VIDEOS))]


if __name__ == '__main__':
    rank, world_size, folder = sys.argv[1:]
    dist.init_process_group(
        'gloo',
        init_method=f'file://{folder}/meeting',
        rank=int(rank),
        world_size=int(world_size))
    torch.save([
        rank_gallery(int(rank), int(world_size), top_k) for top_k in (None, 2)
    ], Path(folder) / f'rank{rank}.pt')
