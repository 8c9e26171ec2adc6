"""How All-in-one reads a video and its text."""
from typing import Any, Dict, List, Optional, Sequence

from mmaction.registry import TRANSFORMS

from ...check_options import check_choice
from .inputs import ModelInputs, pack

TEXTS = ('question', 'caption', 'options')


@TRANSFORMS.register_module()
class AllInOneInputs(ModelInputs):
    """Make All-in-one's input: one frame per segment, ids, hidden words.

    For training frames are drawn and cropped at random, a caption is drawn
    from those of the video, and words are hidden; otherwise frames are the
    middle ones, the crop is central, and the caption is the first. No flip
    and no colour changes.

    Reads ``filename`` and the text (``captions`` for a caption). The packed
    sample has ``inputs`` (V, 3, T, S, S) of V clips, ``text_ids`` and
    ``text_mask`` (X,); with ``training`` also ``masked_text_ids`` and
    ``mlm_labels``; for options ``option_ids`` and ``option_mask`` (O, X).

    Args:
        frames (int): T.
        size (int): S, pixels.
        tokenizer (str): See
            :func:`~meltr_mm.datasets.transforms.tokenizing.load_tokenizer`.
        max_length (int): X, tokens of a text.
        text_key (str): Which text: 'question', 'caption', or 'options' for one
            text per option. Defaults to 'question'.
        training (bool): Defaults to False.
        resize (Sequence): Sizes (width, height) that a frame is brought to,
            one after the other, before it is cropped; with a -1 it keeps its
            proportions, otherwise it is stretched. Defaults to
            ((512, 512), (268, 268)).
        template (str): The text of an option, see :class:`TokenizeOptions`.
            Defaults to '{question} {option}'.
        mask_probability (float): Chance of a word. Defaults to 0.15.
        random_frames (bool, optional): Draw frames. Defaults to None: for
            training only.
        num_clips (int): V, random clips of a video. Defaults to 1.
        antialias (bool): Resize with PIL's filter, which averages where it
            shrinks, as officially; OpenCV's does not and is faster. Defaults
            to False.
    """

    @staticmethod
    def steps(frames: int,
              size: int,
              tokenizer: str,
              max_length: int,
              text_key: str = 'question',
              training: bool = False,
              resize: Sequence[Sequence[int]] = ((512, 512), (268, 268)),
              template: str = '{question} {option}',
              mask_probability: float = 0.15,
              random_frames: Optional[bool] = None,
              num_clips: int = 1,
              antialias: bool = False) -> List[Dict[str, Any]]:
        """See :class:`ModelInputs`."""
        check_choice('text_key', text_key, TEXTS)
        words = dict(tokenizer=tokenizer, max_length=max_length)
        if random_frames is None:
            random_frames = training
        if text_key == 'options':
            tokenize = [
                dict(type='TokenizeOptions', template=template, **words)]
        else:
            tokenize = [dict(type='TokenizeText', key=text_key, **words)]
        if text_key == 'caption':
            tokenize.insert(0, dict(type='PickCaption', random=training))
        if training:
            tokenize.append(dict(
                type='MaskTextAsBert', tokenizer=tokenizer,
                probability=mask_probability))
        crop = dict(type='RandomCrop', size=size) if training else dict(
            type='CenterCrop', crop_size=size)
        fields = ['option_ids', 'option_mask'] if text_key == 'options' else []
        if training or not fields:
            fields += ['text_ids', 'text_mask']
        return [
            dict(type='VideoInit'),
            dict(type='SampleFramesBySegment', clip_len=frames,
                 random=random_frames, num_clips=num_clips),
            dict(type='VideoDecode'),
            *(dict(type='ResizeAntialiased', scale=tuple(scale))
              if antialias else
              dict(type='Resize', scale=tuple(scale), keep_ratio=-1 in scale)
              for scale in resize),
            crop,
            dict(type='FormatShape', input_format='NCTHW'),
            *tokenize,
            pack(*fields, 'masked_text_ids', 'mlm_labels'),
        ]
