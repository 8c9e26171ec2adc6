"""How UniVL reads the features of a video and its texts."""
from typing import Any, Dict, List, Optional

from mmaction.registry import TRANSFORMS

from .inputs import ModelInputs, pack


@TRANSFORMS.register_module()
class UniVLInputs(ModelInputs):
    """Make UniVL's input: features, text ids, and what is hidden of both.

    Reads ``feature_id`` (and ``start``, ``end`` of a clip) and ``text``,
    which the encoder gets; with ``decoder`` also ``caption``, with
    ``references`` those. The packed sample has ``inputs`` (F, D),
    ``video_mask`` (F,), ``text_ids`` and ``text_mask`` (X,); with ``masks``
    also ``masked_text_ids``, ``mlm_labels`` (X,) and ``mfm_labels`` (F,);
    with ``decoder`` ``caption_ids``, ``caption_labels`` and ``caption_mask``
    (X,).

    Args:
        feature_file (str): See :class:`LoadVideoFeatures`.
        max_frames (int): F, vectors of a video: seconds.
        tokenizer (str): See
            :func:`~meltr_mm.datasets.transforms.tokenizing.load_tokenizer`.
        max_length (int): X, tokens of a text and of a caption.
        feature_dim (int): D. Defaults to 1024 (S3D).
        masks (bool): Hide words and frames, for training. Defaults to False.
        decoder (bool): Make the decoder's input and target. Defaults to
            False.
        references (bool): Write references in the model's spelling, see
            :class:`TokenizeReferences`. Defaults to False.
        reference_length (int, optional): Cut references as officially.
            Defaults to None: they stay whole.
        draw_captions (bool): Draw text and caption anew each time from the
            ``captions`` of a sample, which is then a video. Defaults to
            False.
        mask_probability (float): Chance of a word, and of a frame. Defaults
            to 0.15.
        repeat_from (int, optional): See :class:`MaskWords`. Defaults to 1.
    """

    @staticmethod
    def steps(feature_file: Optional[str],
              max_frames: int,
              tokenizer: str,
              max_length: int,
              feature_dim: int = 1024,
              masks: bool = False,
              decoder: bool = False,
              references: bool = False,
              reference_length: Optional[int] = None,
              draw_captions: bool = False,
              mask_probability: float = 0.15,
              repeat_from: Optional[int] = 1) -> List[Dict[str, Any]]:
        """See :class:`ModelInputs`."""
        words = dict(tokenizer=tokenizer, max_length=max_length)
        steps = [dict(
            type='LoadVideoFeatures', feature_file=feature_file,
            max_frames=max_frames, feature_dim=feature_dim)]
        if draw_captions:
            steps += [dict(type='PickCaption', key='text'),
                      dict(type='PickCaption')]
        steps.append(dict(type='TokenizeText', key='text', **words))
        if references:
            steps.append(dict(type='TokenizeReferences', tokenizer=tokenizer,
                              max_length=reference_length))
        if masks:
            steps += [
                dict(type='MaskWords', tokenizer=tokenizer,
                     probability=mask_probability, repeat_from=repeat_from),
                dict(type='MaskFrames', probability=mask_probability),
            ]
        if decoder:
            steps.append(dict(type='TokenizeCaption', **words))
        return [*steps, pack(
            'text_ids', 'text_mask', 'video_mask', 'masked_text_ids',
            'mlm_labels', 'mfm_labels', 'caption_ids', 'caption_labels',
            'caption_mask', 'sentiment')]
