"""Results as figures: what was asked, what the model saw, what it said.

Shapes: T frames of H x W pixels, F feature vectors of D channels.
"""
import textwrap
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import interpolate

# A true answer is blue, any other grey; it is also said in words.
TRUE, OTHER = '#0072B2', '#A0A0A0'
_WIDTH = 8.  # inches
_ROW = 0.95
_LINE = 80  # characters
STRIP_HEIGHT = 96  # pixels
_MOST_FRAMES = 8
_GAP = 2  # pixels


def draw_result(result: Dict[str, Any],
                strip: np.ndarray,
                truth: Any = None) -> Figure:
    """Draw what a model said about one video.

    Args:
        result (dict): Of an inferencer: with ``answers``, ``caption`` or
            ``sentiment``.
        strip (np.ndarray): What the model saw, RGB, (h, w, 3), uint8.
        truth (str | list[str] | float, optional): The right answer, the
            references of a caption, or the true rating. Defaults to None.

    Returns:
        Figure: Frames above, what was said below.

    Raises:
        ValueError: If the result is of another kind.
    """
    if 'answers' in result:
        return _draw_answers(result, strip, truth)
    if 'caption' in result:
        return _draw_caption(result, strip, truth or ())
    if 'sentiment' in result:
        return _draw_sentiment(result, strip, truth)
    raise ValueError('a result must have answers, a caption or a sentiment, '
                     f'but has {sorted(result)}')


def draw_ranking(query: str,
                 hits: Sequence[Dict[str, Any]],
                 strips: Dict[str, np.ndarray],
                 truth: Optional[str] = None) -> Figure:
    """Draw the videos that were found for a text, best first.

    Args:
        query (str): The text.
        hits (Sequence[dict]): ``rank``, ``video`` and ``score`` of each, and
            ``text`` if it is known what describes it.
        strips (dict[str, np.ndarray]): What the model saw of each video,
            RGB, (h, w, 3), uint8.
        truth (str, optional): The video that the text belongs to, which is
            marked. Defaults to None.

    Returns:
        Figure: One row per video.
    """
    heading = _wrapped(f'Query: {query}')
    figure = Figure(
        figsize=(_WIDTH, _ROW * len(hits) + 0.25 * len(heading) + 0.2),
        layout='constrained')
    figure.suptitle('\n'.join(heading), fontsize='medium', parse_math=False)
    axes = figure.subplots(len(hits), 2, squeeze=False,
                           width_ratios=(1, 1))
    for (picture, words), hit in zip(axes, hits):
        is_true = hit['video'] == truth
        _show_strip(picture, strips[hit['video']])
        picture.set_anchor('E')  # beside its words
        words.set_axis_off()
        lines = [f"{hit['rank']}.  {Path(hit['video']).name}",
                 f"score {hit['score']:.3f}"]
        if is_true:
            lines[1] += ', true video'
            for spine in picture.spines.values():
                spine.set(visible=True, color=TRUE, linewidth=3)
        if 'text' in hit:
            lines += textwrap.wrap(hit['text'], 44, max_lines=2)
        words.text(0, 0.5, '\n'.join(lines), va='center', fontsize='small',
                   parse_math=False, transform=words.transAxes,
                   color=TRUE if is_true else 'black',
                   fontweight='bold' if is_true else 'normal')
    return figure


def _draw_answers(result: Dict[str, Any], strip: np.ndarray,
                  truth: Optional[str]) -> Figure:
    answers = result['answers']
    labels = []
    for item in answers:
        said = '\n'.join(textwrap.wrap(item['answer'], 32)) or '(empty)'
        labels.append(f'{said} (true)' if item['answer'] == truth else said)
    lines = sum(label.count('\n') + 1 for label in labels)
    heading = _wrapped(result['question'] or 'Which option?')
    if truth is not None and truth not in [a['answer'] for a in answers]:
        heading += _wrapped(f'true answer: {truth or "outside vocabulary"}')
    figure, axis = _below_strip(result, strip, heading, 0.26 * lines + 0.6)
    places = np.arange(len(answers))
    bars = axis.barh(
        places, [item['score'] for item in answers],
        color=[TRUE if item['answer'] == truth else OTHER
               for item in answers])
    axis.bar_label(bars, [f"{item['score']:.3f}" for item in answers],
                   padding=3, fontsize='small')
    axis.set_yticks(places, labels, fontsize='small', parse_math=False)
    axis.invert_yaxis()
    axis.set(xlim=(0, 1.12), xlabel='probability')
    axis.set_xticks(np.linspace(0, 1, 6))
    axis.spines[['top', 'right']].set_visible(False)
    return figure


def _draw_caption(result: Dict[str, Any], strip: np.ndarray,
                  references: Sequence[str]) -> Figure:
    said = _wrapped(f"caption: {result['caption']}   "
                    f"(score {result['score']:.3f})", indent=4)
    lines = list(said)
    for reference in references:
        lines += _wrapped(f'reference: {reference}', indent=4)
    heading = _wrapped(f"transcript: {result['transcript'] or '(none)'}")
    figure, axis = _below_strip(result, strip, heading, 0.26 * len(lines))
    axis.set_axis_off()
    for number, line in enumerate(lines):
        axis.text(0, 1 - (number + 0.5) / len(lines), line, va='center',
                  transform=axis.transAxes, fontsize='medium',
                  parse_math=False,
                  fontweight='bold' if number < len(said) else 'normal')
    return figure


def _draw_sentiment(result: Dict[str, Any], strip: np.ndarray,
                    truth: Optional[float]) -> Figure:
    heading = _wrapped(f"transcript: {result['transcript'] or '(none)'}")
    figure, axis = _below_strip(result, strip, heading, 1.1)
    axis.axvline(0, color='grey', linewidth=0.8)
    axis.plot(result['score'], 0, 'o', color='black', markersize=9,
              label=f"rated {result['score']:+.2f}")
    if truth is not None:
        axis.plot(truth, 0, 'D', color=TRUE, markersize=9, fillstyle='none',
                  markeredgewidth=2, label=f'true {truth:+.2f}')
    reach = max(3., abs(result['score']), abs(truth or 0.)) * 1.05
    axis.set(xlim=(-reach, reach), yticks=[],
             xlabel='sentiment, negative to positive')
    axis.spines[['top', 'left', 'right']].set_visible(False)
    axis.legend(loc='lower center', bbox_to_anchor=(0.5, 1.), ncols=2,
                frameon=False, fontsize='small')
    return figure


def _below_strip(result: Dict[str, Any], strip: np.ndarray,
                 heading: List[str], height: float) -> Tuple[Figure, Axes]:
    """A figure with the strip on top, and the axis below it."""
    figure = Figure(
        figsize=(_WIDTH, 1.5 + 0.25 * len(heading) + height),
        layout='constrained')
    upper, lower = figure.subplots(2, 1, height_ratios=(1.3, height))
    _show_strip(upper, strip)
    upper.set_title(Path(result['video']).name, fontsize='small',
                    color='grey', parse_math=False)
    figure.suptitle('\n'.join(heading), fontsize='medium', parse_math=False)
    return figure, lower


def _show_strip(axis: Axes, strip: np.ndarray) -> None:
    axis.imshow(strip)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def _wrapped(text: str, indent: int = 0) -> List[str]:
    return textwrap.wrap(
        text, _LINE, subsequent_indent=' ' * indent) or ['']


def film_strip(inputs: Tensor) -> np.ndarray:
    """Put what a model sees of a video into one small image.

    Args:
        inputs (Tensor): What a pipeline packs: frames (V, 3, T, H, W) of V
            clips, uint8 or float in 0..255, of which those of the first clip
            are put beside each other; or features (F, D), whose values become
            colours, a column per vector.

    Returns:
        np.ndarray: RGB, (h, w, 3), uint8, at most 96 pixels high.

    Raises:
        ValueError: If the shape is neither.
    """
    if inputs.dim() == 2:
        return _colours(inputs)
    if inputs.dim() == 5 and inputs.shape[1] == 3:
        inputs = inputs[0]
    if inputs.dim() != 4 or len(inputs) != 3:
        raise ValueError(
            'inputs must be frames (V, 3, T, H, W) or features (F, D), but '
            f'have the shape {tuple(inputs.shape)}')
    frames = inputs.transpose(0, 1)
    if len(frames) > _MOST_FRAMES:
        shown = torch.linspace(0, len(frames) - 1, _MOST_FRAMES).long()
        frames = frames[shown]
    frames = frames.float()
    if frames.shape[2] > STRIP_HEIGHT:
        width = max(1, round(STRIP_HEIGHT * frames.shape[3] / frames.shape[2]))
        frames = interpolate(frames, (STRIP_HEIGHT, width), mode='area')
    frames = frames.clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    gap = np.full((frames.shape[1], _GAP, 3), 255, np.uint8)
    parts = [part for frame in frames for part in (gap, frame)]
    return np.concatenate(parts[1:], axis=1)


def _colours(features: Tensor) -> np.ndarray:
    """Features as a map: time to the right, channels downwards."""
    values = features.float()
    values = values[values.abs().sum(dim=1) > 0]  # padding is zeros
    if not len(values):
        values = features[:1].float()
    low, high = values.min(), values.max()
    values = ((values - low) / (high - low).clamp(min=1e-12)).T
    values = values[:STRIP_HEIGHT].repeat_interleave(
        max(1, STRIP_HEIGHT // len(values)), dim=0)
    values = values.repeat_interleave(STRIP_HEIGHT // 6, dim=1)
    return (colormaps['viridis'](values.numpy())[..., :3] * 255).astype(
        np.uint8)
