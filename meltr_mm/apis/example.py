"""Four small trained models that come with the package, asked about clips.

The clips are drawn when they are needed: the first of those that the generated
data sets keep for the test, so that no model has seen their like.
"""
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import numpy as np

from ..toyworld.feature_data_sets import feature_vectors, things_in, utter
from ..toyworld.frame_files import write_mp4
from ..toyworld.language import (
    Opinion,
    Question,
    all_descriptions,
    ask,
    describe,
)
from ..toyworld.renderer import render
from ..toyworld.toy_data_set import SIZES
from ..toyworld.world import FPS, first_clips
from .inferencers import (
    VideoCaptionInferencer,
    VideoQAInferencer,
    VideoSentimentInferencer,
)
from .video_retrieval_inferencer import VideoRetrievalInferencer

_FOLDER = Path(__file__).resolve().parents[1] / 'examples'
# Name of a checkpoint -> the config in configs/toy that it was trained with.
EXAMPLES = dict(
    violet='meltr_violet_msvdqa',
    univl='meltr_univl_mosi',
    univl_captions='meltr_univl_msrvtt_captioning',
    all_in_one='meltr_all_in_one_msrvtt9k_retrieval')
# As the generated data sets have them.
_FEATURE_DIM = 64
_SECONDS = 8


@dataclass(frozen=True)
class ExampleClip:
    """A clip, and what is true of it.

    Attributes:
        video (str): The file.
        questions (list[Question]): Questions with their answers.
        captions (list[str]): All that may be said of what it shows.
        caption (str): One of them.
        seen (np.ndarray): What UniVL takes to describe it, (seconds, 64).
        opinion (Opinion): What somebody says about it.
        features (np.ndarray): What UniVL takes to rate it: clip and speaker,
            (seconds, 64).
    """

    video: str
    questions: List[Question]
    captions: List[str]
    caption: str
    seen: np.ndarray
    opinion: Opinion
    features: np.ndarray


def example_checkpoint(name: str) -> str:
    """Find a trained model of the package.

    Args:
        name (str): A key of ``EXAMPLES``.

    Returns:
        str: Its file.

    Raises:
        FileNotFoundError: If this installation has none.
    """
    path = _FOLDER / f'{name}.pth'
    if not path.is_file():
        raise FileNotFoundError(
            f'{path}: this installation has no such example; '
            'tools/data/make_examples.py of the repository trains it')
    return str(path)


def write_example_clips(folder: Union[str, Path],
                        count: int = 3) -> List[ExampleClip]:
    """Draw the first test clips of the generated data sets.

    Args:
        folder (str | Path): Gets ``clip_1.mp4`` and so on.
        count (int): How many. Defaults to 3.

    Returns:
        list[ExampleClip]: The clips.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    clips = []
    for clip in first_clips(0, SIZES, 'test', count):
        video = str(Path(folder) / f'{clip.name}.mp4')
        write_mp4(video, render(clip.scene), FPS)
        rng = np.random.default_rng(clip.seed)
        caption, = describe(clip.scene, rng, 1)
        seen = feature_vectors(
            [things_in(clip.scene)] * _SECONDS, rng, _FEATURE_DIM)
        clips.append(ExampleClip(
            video, ask(clip.scene, np.random.default_rng(clip.seed)),
            all_descriptions(clip.scene), caption, seen,
            *utter(clip, _FEATURE_DIM)))
    return clips


def ask_examples(clips: List[ExampleClip],
                 device: Optional[str] = None) -> List[Dict[str, Any]]:
    """Ask each of the models about some clips.

    Args:
        clips (list[ExampleClip]): The clips.
        device (str, optional): Defaults to the accelerator if there is one.

    Returns:
        list[dict]: ``model`` (a key of ``EXAMPLES``), ``video``, ``asked``,
        ``said``, ``score`` and ``true``, all texts but the score.
    """
    return [*_answers(clips, device), *_written(clips, device),
            *_ratings(clips, device), *_found(clips, device)]


def _answers(clips: List[ExampleClip],
             device: Optional[str]) -> List[Dict[str, Any]]:
    answer = VideoQAInferencer(
        weights=example_checkpoint('violet'), device=device)
    asked = [(clip.video, question) for clip in clips
             for question in clip.questions]
    results = answer([video for video, _ in asked],
                     question=[question.text for _, question in asked])
    return [
        dict(model='violet', video=video, asked=question.text,
             said=result['answer'], score=result['score'],
             true=question.answer)
        for (video, question), result in zip(asked, results['predictions'])
    ]


def _written(clips: List[ExampleClip],
             device: Optional[str]) -> List[Dict[str, Any]]:
    write = VideoCaptionInferencer(
        weights=example_checkpoint('univl_captions'), device=device)
    results = write([clip.seen for clip in clips])
    return [
        dict(model='univl_captions', video=clip.video, asked='what is shown?',
             said=result['caption'], score=result['score'],
             # Whichever of its wordings it has hit.
             true=result['caption'] if result['caption'] in clip.captions
             else clip.caption)
        for clip, result in zip(clips, results['predictions'])
    ]


def _ratings(clips: List[ExampleClip],
             device: Optional[str]) -> List[Dict[str, Any]]:
    rate = VideoSentimentInferencer(
        weights=example_checkpoint('univl'), device=device)
    results = rate([clip.features for clip in clips],
                   transcript=[clip.opinion.text for clip in clips])
    return [
        dict(model='univl', video=clip.video, asked=clip.opinion.text,
             said=result['sentiment'], score=result['score'],
             true='positive' if clip.opinion.rating > 0 else 'negative')
        for clip, result in zip(clips, results['predictions'])
    ]


def _found(clips: List[ExampleClip],
           device: Optional[str]) -> List[Dict[str, Any]]:
    find = VideoRetrievalInferencer(
        weights=example_checkpoint('all_in_one'), device=device,
        videos=[clip.video for clip in clips])
    results = find([clip.caption for clip in clips], top_k=1)['predictions']
    return [
        dict(model='all_in_one', video=clip.video, asked=clip.caption,
             said=result['videos'][0]['video'],
             score=result['videos'][0]['score'], true=clip.video)
        for clip, result in zip(clips, results)
    ]
