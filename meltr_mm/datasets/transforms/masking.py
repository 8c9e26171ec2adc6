"""Masked modelling: which words and which parts of a video are hidden."""
import random
from typing import Dict, Optional, Sequence, Tuple

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from torch import Tensor

from .tokenizing import load_tokenizer
from .transform import Transform

MASK_ID = 103
# [PAD], [CLS] and [SEP].
BERT_SPECIAL_IDS = (0, 101, 102)


def hide_tokens(ids: Tensor, hidden: Tensor,
                mask_id: int = MASK_ID) -> Tuple[Tensor, Tensor]:
    """Replace tokens by ``[MASK]`` and label them with what they were.

    Args:
        ids (Tensor): Token ids, int64, any shape.
        hidden (Tensor): Which to hide, bool, same shape.
        mask_id (int): Id of ``[MASK]``. Defaults to 103 (BERT uncased).

    Returns:
        tuple[Tensor, Tensor]: The ids with ``[MASK]`` in place, and the
        labels: the id where a token was hidden, else -1.
    """
    return ids.masked_fill(hidden, mask_id), ids.masked_fill(~hidden, -1)


def draw_tokens(ids: Tensor,
                probability: float,
                special_ids: Sequence[int],
                shared: bool = False) -> Tensor:
    """Choose the tokens of one or several texts to hide, all at once.

    Each token that is not special is hidden with the given probability; the
    draw of a text is repeated until at least one is. Uses torch's global
    generator, for one text in the order of the official code.

    Args:
        ids (Tensor): Token ids (X,) or (O, X), int64.
        probability (float): Chance of each token.
        special_ids (Sequence[int]): Ids that are never hidden.
        shared (bool): One draw of X numbers serves all texts and is repeated
            until any of them has a hit, as in the official multiple choice.
            Defaults to False: each text has a draw of its own.

    Returns:
        Tensor: bool, shape of ``ids``; all False for special tokens only.
    """
    eligible = ~torch.isin(ids, torch.tensor(special_ids))
    hidden = torch.zeros_like(eligible)
    # The axes over which one hit is enough, and the shape of a draw.
    axes = tuple(range(ids.dim())) if shared else (-1, )
    shape = ids.shape[-1:] if shared else ids.shape
    # `any` takes several axes from torch 2.2 on.
    todo = eligible.sum(axes, keepdim=True) > 0
    while todo.any():
        drawn = eligible & (torch.rand(shape) < probability)
        hidden = torch.where(todo, drawn, hidden)
        todo = todo & (hidden.sum(axes, keepdim=True) == 0)
    return hidden


def mask_whole_texts(ids: Tensor, hidden: Tensor,
                     mask_id: int = MASK_ID) -> Tuple[Tensor, Tensor]:
    """Mask options as the official multiple choice does.

    A hidden token hides the whole text that it is in, ``[CLS]``, ``[SEP]``
    and padding too, and a second one labels all of that text with
    ``[MASK]``.

    Args:
        ids (Tensor): Token ids (O, X), int64.
        hidden (Tensor): Drawn tokens (O, X), bool.
        mask_id (int): Id of ``[MASK]``. Defaults to 103 (BERT uncased).

    Returns:
        tuple[Tensor, Tensor]: Masked ids and labels, as
        :func:`hide_tokens`.
    """
    hits = hidden.sum(dim=-1, keepdim=True)
    masked = torch.where(hits > 0, mask_id, ids)
    labels = torch.where(hits > 1, mask_id, ids).masked_fill(hits == 0, -1)
    return masked, labels


@TRANSFORMS.register_module()
class MaskText(Transform):
    """Hide tokens of a text, or of the options of a question.

    Tokens are drawn by :func:`draw_tokens`, for each option on its own, and
    hidden by :func:`hide_tokens`: always by ``[MASK]``, as VIOLET does.

    Required keys: ``text_ids``, (X,) or (O, X). Added keys:
    ``masked_text_ids`` and ``mtm_labels`` (-1 = ignore), int64 Tensors of
    that shape.

    Args:
        probability (float): Chance of each token. Defaults to 0.15.
        mask_id (int): Id of ``[MASK]``. Defaults to 103 (BERT uncased).
        special_ids (Sequence[int]): Ids that are never hidden. Defaults to
            (0, 101, 102): ``[PAD]``, ``[CLS]``, ``[SEP]`` of BERT uncased.
        official_options (bool): True masks whole options as the official
            code does: one draw for all, see :func:`mask_whole_texts`; almost
            always nothing is left to read. Defaults to False.

    Raises:
        ValueError: If ``probability`` is not in (0, 1].
    """

    def __init__(self,
                 probability: float = 0.15,
                 mask_id: int = MASK_ID,
                 special_ids: Sequence[int] = BERT_SPECIAL_IDS,
                 official_options: bool = False) -> None:
        if not 0 < probability <= 1:
            raise ValueError('`probability` must lie in (0, 1], but got '
                             f'{probability}.')
        self.probability = probability
        self.mask_id = mask_id
        self.special_ids = tuple(special_ids)
        self.official_options = official_options

    def transform(self, results: Dict) -> Dict:
        """Add the masked ids and the labels."""
        ids = results['text_ids']
        whole = self.official_options and ids.dim() == 2
        hidden = draw_tokens(ids, self.probability, self.special_ids, whole)
        hide = mask_whole_texts if whole else hide_tokens
        results['masked_text_ids'], results['mtm_labels'] = hide(
            ids, hidden, self.mask_id)
        return results


@TRANSFORMS.register_module()
class MaskTextAsBert(Transform):
    """Hide words as BERT's pre-training does, which All-in-one follows.

    Each token that is not special is chosen with the given probability, so a
    text may have none. Of the chosen, 80 % become ``[MASK]``, 10 % a random
    token of the vocabulary, and 10 % stay. Uses torch's global generator.

    Required keys: ``text_ids``. Added keys: ``masked_text_ids`` (Tensor
    (L,), int64) and ``mlm_labels`` (Tensor (L,), int64, -1 = not chosen).

    Args:
        tokenizer (str): See :func:`load_tokenizer`.
        probability (float): Chance of each token. Defaults to 0.15.

    Raises:
        ImportError, ValueError: See :func:`load_tokenizer`; also
            ``ValueError`` if ``probability`` is not in (0, 1].
    """

    def __init__(self, tokenizer: str, probability: float = 0.15) -> None:
        if not 0 < probability <= 1:
            raise ValueError('`probability` must lie in (0, 1], but got '
                             f'{probability}.')
        self.tokenizer = tokenizer
        self.probability = probability
        loaded = load_tokenizer(tokenizer)
        from transformers import DataCollatorForLanguageModeling
        self._collator = DataCollatorForLanguageModeling(
            loaded, mlm_probability=probability)
        self._special = torch.tensor([
            loaded.pad_token_id, loaded.cls_token_id, loaded.sep_token_id
        ])

    def transform(self, results: Dict) -> Dict:
        """Add the masked ids and the labels."""
        ids = results['text_ids'][None].clone()
        masked, labels = self._collator.torch_mask_tokens(
            ids, torch.isin(ids, self._special))
        results['masked_text_ids'] = masked[0]
        # transformers' label of "not chosen" is -100.
        results['mlm_labels'] = labels[0].clamp(min=-1)
        return results


@TRANSFORMS.register_module()
class MaskWords(Transform):
    """Hide words of a text, at least one.

    Each token between [CLS] and [SEP] is chosen with the given probability.
    Of the chosen, 80 % become [MASK], 10 % a random token of the vocabulary
    and 10 % stay. Where none was chosen the draw is repeated. Uses Python's
    generator, in the order of the official loaders: one number per token,
    and one more for each random replacement.

    Required keys: ``text_ids``, ``text_mask``. Added keys:
    ``masked_text_ids`` (Tensor (W,), int64) and ``mlm_labels`` (Tensor
    (W,), int64, -1 = not chosen).

    Args:
        tokenizer (str): See :func:`load_tokenizer`.
        probability (float): Chance of each token. Defaults to 0.15.
        repeat_from (int, optional): Only texts of so many tokens between
            [CLS] and [SEP] are drawn again; None: no text is, as in official
            test sets. The official MSRVTT loader repeats from 2. Defaults
            to 1.

    Raises:
        ImportError, ValueError: See :func:`load_tokenizer`; also
            ``ValueError`` if ``probability`` is not in (0, 1] or
            ``repeat_from`` not positive.
    """

    def __init__(self,
                 tokenizer: str,
                 probability: float = 0.15,
                 repeat_from: Optional[int] = 1) -> None:
        if not 0 < probability <= 1:
            raise ValueError('`probability` must lie in (0, 1], but got '
                             f'{probability}.')
        if repeat_from is not None and repeat_from < 1:
            raise ValueError('`repeat_from` must be positive or None, but '
                             f'got {repeat_from}.')
        self.tokenizer = tokenizer
        self.probability = probability
        self.repeat_from = repeat_from
        self._mask_id = load_tokenizer(tokenizer).mask_token_id
        self._vocabulary = range(len(load_tokenizer(tokenizer)))

    def transform(self, results: Dict) -> Dict:
        """Add the masked ids and the labels."""
        ids = results['text_ids']
        words = range(1, int(results['text_mask'].sum()) - 1)
        again = self.repeat_from is not None and \
            len(words) >= self.repeat_from
        masked, labels = self._draw(ids, words)
        while again and (labels == -1).all():
            masked, labels = self._draw(ids, words)
        results['masked_text_ids'] = masked
        results['mlm_labels'] = labels
        return results

    def _draw(self, ids: torch.Tensor, words: range) -> tuple:
        masked, labels = ids.clone(), torch.full_like(ids, -1)
        for position in words:
            share = random.random() / self.probability
            if share >= 1:
                continue
            labels[position] = ids[position]
            if share < 0.8:
                masked[position] = self._mask_id
            elif share < 0.9:
                masked[position] = random.choice(self._vocabulary)
        return masked, labels


MIN_SIDE = 3


def draw_blocks(grid: Tuple[int, int, int],
                official_rng: bool = False) -> np.ndarray:
    """Draw the union of T random boxes of cells.

    Each box lasts 1..T-1 frames (1 if T = 1) and is 1..floor(2h/3)-1 cells
    high and 1..floor(2w/3)-1 wide, with uniform sizes, then a uniform place.
    Uses numpy's global generator.

    Args:
        grid (tuple[int, int, int]): T, h, w: frames, rows, columns.
        official_rng (bool): Draw number by number in the order of the
            official code, so that its seeds give its masks. Defaults to
            False: all boxes at once, which is faster and has the same
            distribution.

    Returns:
        np.ndarray: True where a cell is hidden, (T, h, w), bool.

    Raises:
        ValueError: If h or w is smaller than 3, where no size exists.
    """
    frames, rows, columns = grid
    if min(rows, columns) < MIN_SIDE:
        raise ValueError(
            f'The grid must have at least {MIN_SIDE}x{MIN_SIDE} cells for '
            f'block masking, but has {rows}x{columns}. Use larger frames.')
    # Exclusive ends of the sizes.
    ends = np.array([max(frames, 2), 2 * rows // 3, 2 * columns // 3])
    draw = _draw_boxes_in_order if official_rng else _draw_boxes
    sizes, places = draw(np.array(grid), ends, frames)
    # Which of its frames, rows and columns each box covers: (T, T), (T, h),
    # (T, w).
    t, y, x = (
        (axis >= first[:, None]) & (axis < (first + size)[:, None])
        for axis, first, size in zip(
            map(np.arange, grid), places.T, sizes.T))
    boxes = t[:, :, None, None] & y[:, None, :, None] & x[:, None, None]
    return boxes.any(0)


def _draw_boxes(grid: np.ndarray, ends: np.ndarray,
                count: int) -> Tuple[np.ndarray, np.ndarray]:
    sizes = np.random.randint(1, ends, (count, 3))
    return sizes, np.random.randint(0, grid - sizes + 1)


def _draw_boxes_in_order(grid: np.ndarray, ends: np.ndarray,
                         count: int) -> Tuple[np.ndarray, np.ndarray]:
    sizes, places = np.ones((2, count, 3), dtype=int)
    # Of a single frame the official code draws no length.
    drawn = range(3) if grid[0] > 1 else (1, 2)
    for size, place in zip(sizes, places):
        for axis in drawn:
            size[axis] = np.random.randint(1, ends[axis])
        for axis in range(3):
            place[axis] = np.random.randint(0, grid[axis] - size[axis] + 1)
    return sizes, places


def code_labels(codes: Tensor, mask: Tensor) -> Tensor:
    """Lay the codes of the hidden cells out as VIOLET's video sequence.

    Args:
        codes (Tensor): Codes (T, h, w), int64.
        mask (Tensor): Hidden cells (T, h, w), bool.

    Returns:
        Tensor: (T*(1+h*w),), int64. For each frame a slot of its ``[CLS]``,
        then its cells row by row; -1 at ``[CLS]`` and at visible cells.
    """
    cells = codes.masked_fill(~mask, -1).flatten(1)
    return torch.nn.functional.pad(cells, (1, 0), value=-1).flatten()


@TRANSFORMS.register_module()
class MaskVideoBlocks(Transform):
    """Draw hidden blocks and their labels, as VIOLET does in training.

    The pixels stay as they are: the model blacks out the hidden cells, and
    so can use the clean frames for its other losses.

    Reads ``imgs`` (frames, resized) and, if there are some, ``vq_codes``;
    writes ``patch_mask`` (Tensor (T, h, w), bool, True = hidden) and, of
    codes, ``mvm_labels`` (Tensor (T*(1+h*w),), int64, -1 = ignore).

    Args:
        cell (int): Side of a cell, pixels. Defaults to 32.
        official_rng (bool): See :func:`draw_blocks`. Defaults to False.

    Raises:
        ValueError: For frames of fewer than 3 cells a side.
    """

    def __init__(self, cell: int = 32, official_rng: bool = False) -> None:
        self.cell = cell
        self.official_rng = official_rng

    def transform(self, results: Dict) -> Dict:
        """Add the mask and the labels."""
        height, width = results['imgs'][0].shape[:2]
        mask = torch.from_numpy(
            draw_blocks((len(results['imgs']), height // self.cell,
                         width // self.cell), self.official_rng))
        results['patch_mask'] = mask
        if 'vq_codes' in results:
            results['mvm_labels'] = code_labels(results['vq_codes'], mask)
        return results


@TRANSFORMS.register_module()
class MaskFrames(Transform):
    """Choose the frames that masked frame modelling hides, at least one.

    The model itself hides them. Uses Python's generator, in the order of the
    official loaders: one number per frame and attempt.

    Required key: ``video_mask``. Added key: ``mfm_labels`` (Tensor (F,),
    int64): the frame's own index where it is hidden, else -1.

    Args:
        probability (float): Chance of each frame. Defaults to 0.15.
        repeat (bool): Draw again until a frame is hidden. False, as in
            official test sets, may leave none. Defaults to True.

    Raises:
        ValueError: If ``probability`` is not in (0, 1].
    """

    def __init__(self, probability: float = 0.15,
                 repeat: bool = True) -> None:
        if not 0 < probability <= 1:
            raise ValueError('`probability` must lie in (0, 1], but got '
                             f'{probability}.')
        self.probability = probability
        self.repeat = repeat

    def transform(self, results: Dict) -> Dict:
        """Add the labels."""
        mask = results['video_mask']
        frames = range(int(mask.sum()))
        labels = self._draw(mask, frames)
        while self.repeat and len(frames) and (labels == -1).all():
            labels = self._draw(mask, frames)
        results['mfm_labels'] = labels
        return results

    def _draw(self, mask: torch.Tensor, frames: range) -> torch.Tensor:
        labels = torch.full_like(mask, -1)
        for frame in frames:
            if random.random() < self.probability:
                labels[frame] = frame
        return labels
