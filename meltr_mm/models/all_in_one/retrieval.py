"""Ranking a gallery whose texts and videos were encoded once each.

Shapes: B pairs of this process, G pairs of the data set, V clips of each
video, S shared width.
"""
from typing import Dict, List, Sequence, Tuple

import torch
from mmaction.structures import ActionDataSample
from mmengine.dist import all_gather
from torch import Tensor

from .similarity import mean_cosine

Samples = List[ActionDataSample]


def rank_gallery(features: Dict[str, Tensor],
                 data_samples: Sequence[ActionDataSample],
                 num_pairs: int) -> Tuple[Samples, Samples]:
    """Score this process's texts and videos against the whole gallery.

    Args:
        features (dict[str, Tensor]): ``text_feature`` (B, S) and
            ``video_feature`` (B, V, S) of this process.
        data_samples (Sequence[ActionDataSample]): B samples; their
            ``sample_idx`` is the place in the data set.
        num_pairs (int): G.

    Returns:
        tuple[list, list]: B samples with ``pred_score`` (G,) and
        ``gt_label`` (1,), videos against texts, then texts against videos.

    Raises:
        ValueError: If a pair of the data set was not encoded.
    """
    own = torch.tensor([sample.sample_idx for sample in data_samples])
    device = features['text_feature'].device
    places = torch.cat(all_gather(own.to(device)))
    absent = sorted(set(range(num_pairs)) - set(places.tolist()))
    if absent:
        raise ValueError(
            f'all {num_pairs} pairs must be encoded to be ranked, but '
            f'{len(absent)} were not, such as {absent[0]}; use '
            f"drop_last=False and sampler=dict(type='DefaultSampler', "
            f'shuffle=False) in the data loader')
    gallery = {
        name: _in_order(torch.cat(all_gather(value)), places, num_pairs)
        for name, value in features.items()
    }
    texts, videos = gallery['text_feature'], gallery['video_feature']
    cosines = mean_cosine(texts[None], videos.transpose(0, 1))  # text, video
    return _samples(cosines.T, own), _samples(cosines, own)


def _in_order(values: Tensor, places: Tensor, count: int) -> Tensor:
    # A sampler may have given two processes the same pair, to fill up.
    ordered = values.new_empty(count, *values.shape[1:])
    ordered[places] = values
    return ordered


def _samples(scores: Tensor, own: Tensor) -> Samples:
    return [
        ActionDataSample().set_pred_score(scores[place]).set_gt_label(place)
        for place in own.tolist()
    ]
