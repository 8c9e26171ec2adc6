"""Encoded videos that can be kept in a file and searched again.

Shapes: G videos.
"""
import hashlib
import os
import os.path as osp
from dataclasses import dataclass, field
from typing import Any, Dict, List, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..pickled_arrays import RefusedFileError
from ..safe_checkpoints import load_torch_file
from .video_files import TABLE_ROW

_FORMAT = 1


def fingerprint(model: nn.Module, steps: Sequence[dict]) -> str:
    """Name what the features of a video depend on.

    Args:
        model (nn.Module): Its weights and their names.
        steps (Sequence[dict]): Transforms that make the model's input of a
            video. Those that deal with text, and paths of feature files, do
            not count.

    Returns:
        str: 32 hexadecimal digits.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name, value in sorted(model.state_dict().items()):
        digest.update(f'{name} {tuple(value.shape)} {value.dtype}'.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(
            torch.uint8).numpy())
    for step in steps:
        if 'tokenizer' in step or step['type'] in ('PackActionInputs',
                                                   'PickCaption'):
            continue
        kept = {key: value for key, value in sorted(step.items())
                if key not in ('feature_file', 'img_file')}
        digest.update(repr(kept).encode())
    return digest.hexdigest()


@dataclass
class RetrievalIndex:
    """What a model knows of G videos.

    Attributes:
        fingerprint (str): See :func:`fingerprint`.
        weights (str): The checkpoint, for messages.
        videos (list[str]): Their names.
        stamps (list[list[int]]): Size and time of change of each file,
            empty for what is no file.
        strips (list[np.ndarray]): What the model saw of each, RGB, (h, w,
            3), uint8.
        features (dict[str, Tensor]): Of the model's ``encode_videos``, (G,
            ...).
    """

    fingerprint: str
    weights: str
    videos: List[str] = field(default_factory=list)
    stamps: List[List[int]] = field(default_factory=list)
    strips: List[np.ndarray] = field(default_factory=list)
    features: Dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.videos)

    def missing(self, videos: Sequence[str]) -> List[str]:
        """Name the videos that are not here, or have changed since.

        Those that have changed are taken out.

        Args:
            videos (Sequence[str]): Names.

        Returns:
            list[str]: Each once, in order.
        """
        places = {name: place for place, name in enumerate(self.videos)}
        changed = [places[name] for name in dict.fromkeys(videos)
                   if name in places
                   and self.stamps[places[name]] != stamp_of(name)]
        kept = [place for place in range(len(self)) if place not in changed]
        if changed:
            self.videos = [self.videos[place] for place in kept]
            self.stamps = [self.stamps[place] for place in kept]
            self.strips = [self.strips[place] for place in kept]
            self.features = {name: value[kept]
                             for name, value in self.features.items()}
        return [name for name in dict.fromkeys(videos)
                if name not in self.videos]

    def add(self, videos: Sequence[str], strips: Sequence[np.ndarray],
            features: Dict[str, Tensor]) -> None:
        """Add videos that are not here yet.

        Args:
            videos (Sequence[str]): N names.
            strips (Sequence[np.ndarray]): What the model saw of each, (h, w,
                3).
            features (dict[str, Tensor]): (N, ...) each.
        """
        self.videos += videos
        self.stamps += map(stamp_of, videos)
        self.strips += strips
        self.features = {
            name: torch.cat([self.features[name], value.cpu()])
            if name in self.features else value.cpu()
            for name, value in features.items()
        }

    def save(self, path: str) -> None:
        """Write the index; what was there stays until that is done.

        Args:
            path (str): The file.
        """
        os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
        part = f'{path}.part'
        torch.save(
            dict(
                retrieval_index=_FORMAT,
                fingerprint=self.fingerprint,
                weights=self.weights,
                videos=self.videos,
                stamps=self.stamps,
                strips=[torch.from_numpy(strip) for strip in self.strips],
                features=self.features), part)
        os.replace(part, path)

    @classmethod
    def load(cls, path: str, mark: str, weights: str) -> 'RetrievalIndex':
        """Read an index, if it is one of this model.

        Args:
            path (str): The file.
            mark (str): The model's :func:`fingerprint`.
            weights (str): Its checkpoint, for messages.

        Returns:
            RetrievalIndex: What was saved.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no index, or that of other weights or
                another pipeline.
        """
        content = _read(path)
        if content['fingerprint'] != mark:
            raise ValueError(
                f"{path}: this index was made with {content['weights']}, "
                f'whose weights or test pipeline are not those of {weights}, '
                'so that its features cannot be compared with a text. Name '
                'another file, in which a new index is made, or give that '
                'checkpoint')
        return cls(
            mark, weights, content['videos'], content['stamps'],
            [strip.numpy() for strip in content['strips']],
            content['features'])


def stamp_of(video: str) -> List[int]:
    """Tell one state of a file from another.

    Args:
        video (str): A file, ``TABLE:ID``, or another name of a video.

    Returns:
        list[int]: Size in bytes and time of change in nanoseconds, of the
        table where there is one; empty if there is no file.
    """
    row = TABLE_ROW.fullmatch(video)
    file = row[1] if row and not osp.exists(video) else video
    if not osp.isfile(file):
        return []
    status = os.stat(file)
    return [status.st_size, status.st_mtime_ns]


def _read(path: str) -> Dict[str, Any]:
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: there is no such index')
    try:
        content = load_torch_file(path)
    except RefusedFileError:
        raise
    except ValueError:
        content = None
    if not _is_index(content):
        raise ValueError(
            f'{path}: must be a retrieval index that this version has saved, '
            'but is something else or was cut short. Name another file, in '
            'which a new index is made')
    return content


def _is_index(content: Any) -> bool:
    if not isinstance(content, dict) or content.get(
            'retrieval_index') != _FORMAT:
        return False
    lists = [content.get(name) for name in ('videos', 'stamps', 'strips')]
    features = content.get('features')
    return (all(isinstance(content.get(name), str)
                for name in ('fingerprint', 'weights'))
            and all(isinstance(items, list) and len(items) == len(lists[0])
                    for items in lists)
            and all(isinstance(name, str) for name in lists[0])
            and all(isinstance(strip, Tensor) and strip.dim() == 3
                    and strip.dtype == torch.uint8 for strip in lists[2])
            and isinstance(features, dict)
            and all(isinstance(value, Tensor) and value.dim() > 0
                    and len(value) == len(lists[0])
                    for value in features.values()))
