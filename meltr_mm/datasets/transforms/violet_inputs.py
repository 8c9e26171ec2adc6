"""How VIOLET reads a video and its text."""
from typing import Any, Dict, List, Optional, Sequence

from mmaction.registry import TRANSFORMS

from ...check_options import check_choice
from .inputs import ModelInputs, pack
from .mask_text import BERT_SPECIAL_IDS

TEXTS = ('question', 'caption', 'options')


@TRANSFORMS.register_module()
class VioletInputs(ModelInputs):
    """Make VIOLET's input: a few frames, text ids, and what is hidden.

    Frames stand evenly over the clip and are padded to a square; there is no
    augmentation, in training either. They come from the clip itself, or from
    the JPEGs that were extracted from it.

    Reads ``filename`` (or ``video_id`` with ``img_file``) and the text. The
    packed sample has ``inputs`` (1, 3, T, S, S), ``text_ids`` and
    ``text_mask`` (X,), or (O, X) of O options; with ``masks`` also
    ``masked_text_ids`` and ``mtm_labels`` of that shape, ``patch_mask``
    (T, S/32, S/32) and, given codes, ``mvm_labels``.

    Args:
        frames (int): T.
        size (int): S, pixels.
        tokenizer (str): See
            :func:`~meltr_mm.datasets.transforms.tokenizing.load_tokenizer`.
        max_length (int): X, tokens of a text.
        text_key (str): Which text: 'question', 'caption', or 'options' for one
            text per option of a question. Defaults to 'question'.
        img_file (str, optional): Pickle of extracted frames, see
            :class:`DecodeJPEGFrames`. Defaults to None: clips are decoded.
        masks (bool): Hide words and blocks, for training. Defaults to False.
        vq_file (str, optional): Codes of the hidden blocks, see
            :class:`LoadVQCodes`; read with ``masks`` only. Defaults to None:
            there is no ``mvm_labels``, which ``loss_mvm`` needs.
        num_codes (int): Size of their codebook. Defaults to 8192.
        mask_probability (float): Chance of a word. Defaults to 0.15.
        never_masked (Sequence[int]): Token ids, see :class:`MaskText`.
            Defaults to ``[PAD]``, ``[CLS]`` and ``[SEP]`` of BERT uncased.
        list_options (bool): Name all options in the text of each. Defaults to
            True.
        official_options (bool): Text and masks of options as the official
            code has them, see :class:`TokenizeChoices` and
            :class:`MaskText`. Defaults to False.
        official_rng (bool): Draw hidden blocks number by number, see
            :class:`MaskVideoBlocks`. Defaults to False.
    """

    @staticmethod
    def steps(frames: int,
              size: int,
              tokenizer: str,
              max_length: int,
              text_key: str = 'question',
              img_file: Optional[str] = None,
              masks: bool = False,
              vq_file: Optional[str] = None,
              num_codes: int = 8192,
              mask_probability: float = 0.15,
              never_masked: Sequence[int] = BERT_SPECIAL_IDS,
              list_options: bool = True,
              official_options: bool = False,
              official_rng: bool = False) -> List[Dict[str, Any]]:
        """See :class:`ModelInputs`."""
        check_choice('text_key', text_key, TEXTS)
        words = dict(tokenizer=tokenizer, max_length=max_length)
        if img_file is None:
            read = [
                dict(type='VideoInit'),
                dict(type='SampleFramesEvenly', clip_len=frames),
                dict(type='VideoDecode'),
            ]
        else:
            read = [dict(type='DecodeJPEGFrames', img_file=img_file,
                         clip_len=frames)]
        if text_key == 'options':
            tokenize = dict(
                type='TokenizeChoices', list_options=list_options,
                official_text=official_options, **words)
        else:
            tokenize = dict(type='TokenizeText', key=text_key, **words)
        hide = [
            dict(type='MaskText', probability=mask_probability,
                 special_ids=tuple(never_masked),
                 official_options=official_options),
            dict(type='LoadVQCodes', vq_file=vq_file, num_codes=num_codes),
            dict(type='MaskVideoBlocks', official_rng=official_rng),
        ]
        return [
            *read,
            dict(type='PadToSquareResize', size=size),
            tokenize,
            *(hide if masks else []),
            dict(type='FormatShape', input_format='NCTHW'),
            pack('text_ids', 'text_mask', 'masked_text_ids', 'mtm_labels',
                 'patch_mask', 'mvm_labels'),
        ]
