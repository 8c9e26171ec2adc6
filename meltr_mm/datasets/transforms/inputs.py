"""The input rules of a model in one transform.

A model reads a video and a text in its own way. The classes here put the
single transforms of one model in their order, with the options that a config
sets. Whoever wants to change a single step lists the steps instead: ``steps``
of the class gives them as a pipeline.
"""
from inspect import Parameter, signature
from typing import Any, Dict, List, Optional, Sequence

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose

from ...check_options import check_choice
from .masking import BERT_SPECIAL_IDS

# What results name and evaluations group by.
META_KEYS = ('img_shape', 'video_id', 'clip', 'caption', 'question', 'answer',
             'question_id', 'question_type', 'references', 'video_index',
             'sample_idx')
# What VIOLET and All-in-one may read.
TEXTS = ('question', 'caption', 'options')


class ModelInputs(BaseTransform):
    """Base of the transforms that make all of a model's input.

    Subclasses define :meth:`steps` with named options, which are those of the
    class; another one is a TypeError.
    """

    def __init_subclass__(cls) -> None:
        # Whoever asks what the class takes is told what `steps` does.
        def __init__(self, **options) -> None:  # noqa: N807
            ModelInputs.__init__(self, **options)

        steps = signature(cls.steps)
        own = Parameter('self', Parameter.POSITIONAL_OR_KEYWORD)
        __init__.__signature__ = steps.replace(
            parameters=[own, *steps.parameters.values()])
        cls.__init__ = __init__

    def __init__(self, **options) -> None:
        self.options = options
        self._steps = Compose(self.steps(**options))

    @staticmethod
    def steps(**options) -> List[Dict[str, Any]]:
        """The pipeline of single transforms, as configs.

        Args:
            **options: See the class.

        Returns:
            list[dict]: Configs of transforms.
        """
        raise NotImplementedError

    def transform(self, results: Dict) -> Dict:
        """Make ``inputs`` and ``data_samples`` of a sample."""
        return self._steps(results)

    def __repr__(self) -> str:
        options = ', '.join(f'{key}={value!r}'
                            for key, value in self.options.items())
        return f'{type(self).__name__}({options})'


def single_steps(pipeline: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Write the transforms of a model as the single ones that they are.

    Args:
        pipeline (list[dict]): Configs of transforms.

    Returns:
        list[dict]: Configs without :class:`ModelInputs`.
    """
    steps = []
    for config in pipeline:
        kind = TRANSFORMS.get(config['type']) if isinstance(
            config['type'], str) else config['type']
        if isinstance(kind, type) and issubclass(kind, ModelInputs):
            options = {k: v for k, v in config.items() if k != 'type'}
            steps += kind.steps(**options)
        else:
            steps.append(config)
    return steps


def pack(*tensors: str) -> Dict[str, Any]:
    """The transform that packs a sample; what is not in it is left out.

    Args:
        *tensors (str): Names of the fields that the model reads, beside the
            video.

    Returns:
        dict: Its config.
    """
    return dict(
        type='PackActionInputs', algorithm_keys=tensors, meta_keys=META_KEYS)


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
