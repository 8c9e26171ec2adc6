"""Questions about videos, captions and opinions; and which of all to ask.

Searching videos is in :mod:`meltr_mm.apis.video_retrieval_inferencer`.
"""
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Type, Union

from mmaction.registry import DATASETS, INFERENCERS
from mmaction.structures import ActionDataSample
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope

from ..check_options import check_whole
from .checkpoint import config_in, load_run_checkpoint, plain_files
from .video_files import VideoPipeline, test_dataset_of
from .video_retrieval_inferencer import VideoRetrievalInferencer
from .video_text_inferencer import (
    REQUEST,
    VideoTextInferencer,
    build_bare_model,
    one_per_video,
)

Options = Sequence[str]


@INFERENCERS.register_module()
class VideoQAInferencer(VideoTextInferencer):
    """Answer questions about videos, freely or from given options.

    What a checkpoint was trained for decides: a model with the target
    'answer' answers with an entry of its vocabulary, which is in the
    checkpoint, or else read from the files of the config's test data set;
    one with the target 'choice' chooses one of the options.

    A result is ``dict(video, question, answer, score, answers)``, with
    ``options`` where there are some; ``answers`` is a list of
    ``dict(answer, score)``, best first. Scores are probabilities: of the
    whole vocabulary, or of the options.

    Raises:
        FileNotFoundError: If config, checkpoint or vocabulary are not there.
        ValueError: If they do not belong together.

    Example:
        >>> ask = VideoQAInferencer(weights='work_dirs/RUN/epoch_12.pth')
        >>> found = ask(['a.mp4', 'b.mp4'], question='what moves?')
        >>> found['predictions'][0]['answer']
    """

    preprocess_kwargs = {'question', 'options'}
    postprocess_kwargs = {'top_k'}
    targets = ('answer', 'choice')

    def _init_pipeline(self, cfg: ConfigDict) -> VideoPipeline:
        self.vocabulary = self._read_vocabulary(
            cfg) if self.target == 'answer' else []
        return super()._init_pipeline(cfg)

    def _read_vocabulary(self, cfg: ConfigDict) -> List[str]:
        if self.dataset_meta.get('vocab'):
            return list(self.dataset_meta['vocab'])
        config = dict(test_dataset_of(cfg), pipeline=[], lazy_init=True)
        try:
            dataset = DATASETS.build(config)
            dataset.load_data_list()
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{self.weights}: the checkpoint has no vocabulary of '
                'answers, so that it must be read from the data set of the '
                f'config. {error}') from None
        return list(dataset.metainfo['vocab'])

    def requests(
            self,
            count: int,
            question: Union[str, Sequence[str]] = '',
            options: Union[Options, Sequence[Options], None] = None
    ) -> List[Dict[str, Any]]:
        """Say for each video what is asked.

        Args:
            count (int): Number of videos.
            question (str | Sequence[str]): For all videos, or for each. May
                be empty where options alone tell what is asked. Defaults to
                ''.
            options (Sequence[str] | Sequence[Sequence[str]], optional): For
                all videos, or for each. Defaults to None.

        Returns:
            list[dict]: One per video.

        Raises:
            ValueError: If options are missing, or given to a model with a
                vocabulary, or there are not as many of something as videos.
        """
        if self.target == 'answer':
            if options is not None:
                raise ValueError(
                    f'{self.weights}: this model answers from its vocabulary '
                    f'of {len(self.vocabulary)} answers, so leave the '
                    'options out')
            if not question:
                raise ValueError('a question is needed: set `question`')
        elif options is None or len(options) < 2:
            raise ValueError(f'{self.weights}: this model chooses an option: '
                             f'give two or more, but got {options!r}')
        questions = one_per_video(question, isinstance(question, str), count,
                              'question')
        if options is None:
            return [dict(question=text) for text in questions]
        choices = one_per_video(
            options, all(isinstance(item, str) for item in options), count,
            'options')
        return [dict(question=text, options=list(choice))
                for text, choice in zip(questions, choices)]

    def fields(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """Make the fields of a sample; see :class:`VideoTextInferencer`."""
        # Choosing transforms also take the text of the right option, which
        # is for training: nobody knows it here.
        return dict(request, label=[0]) if 'options' in request else request

    def result(self,
               pred: ActionDataSample,
               top_k: int = 5) -> Dict[str, Any]:
        """Name the ``top_k`` best answers; see the class.

        Raises:
            ValueError: If the vocabulary has more answers than the model.
        """
        check_whole('top_k', top_k)
        request = pred.metainfo[REQUEST]
        names = request.get('options') or self.vocabulary
        scores = pred.pred_score.float().cpu()
        if len(names) > len(scores):
            raise ValueError(
                f'{self.weights}: the model must have an output for each '
                f'answer, but has {len(scores)} for {len(names)} answers; '
                'config and checkpoint are of different data sets')
        # An output beyond the vocabulary stands for no answer.
        best = scores[:len(names)].sort(descending=True, stable=True)
        answers = [
            dict(answer=names[index], score=score) for score, index in zip(
                best.values.tolist()[:top_k],
                best.indices.tolist()[:top_k])
        ]
        return dict(request, **answers[0], answers=answers)


class TranscriptInferencer(VideoTextInferencer):
    """Base of the inferencers that take a transcript beside each video."""

    preprocess_kwargs = {'transcript'}

    def requests(self,
                 count: int,
                 transcript: Union[str, Sequence[str]] = ''
                 ) -> List[Dict[str, Any]]:
        """Say for each video what is said in it.

        Args:
            count (int): Number of videos.
            transcript (str | Sequence[str]): For all videos, or for each.
                Defaults to '': nothing is known.

        Raises:
            ValueError: If there are not as many as videos.
        """
        texts = one_per_video(transcript, isinstance(transcript, str), count,
                              'transcript')
        return [dict(transcript=text) for text in texts]

    def fields(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """Make the fields of a sample; see :class:`VideoTextInferencer`."""
        return dict(text=request['transcript'])


@INFERENCERS.register_module()
class VideoCaptionInferencer(TranscriptInferencer):
    """Write captions of videos, with what is said in them if it is known.

    For models with the target 'caption', such as UniVL's. A result is
    ``dict(video, transcript, caption, score)``, where the score is the one by
    which the caption was the best of its beam: its log-probability, by
    default per token.

    Example:
        >>> write = VideoCaptionInferencer(weights='work_dirs/RUN/best.pth')
        >>> write('clip.npy', transcript='now add the salt')
    """

    targets = ('caption', )

    def result(self, pred: ActionDataSample) -> Dict[str, Any]:
        """Read ``pred_caption`` and ``pred_caption_score``; see the class.

        Raises:
            ValueError: If the model writes ids only.
        """
        if 'pred_caption' not in pred:
            raise ValueError(
                f'{self.weights}: the model must know its tokenizer to write '
                'text; set model.task.tokenizer in the config')
        return dict(
            pred.metainfo[REQUEST],
            caption=pred.pred_caption,
            score=pred.pred_caption_score)


@INFERENCERS.register_module()
class VideoSentimentInferencer(TranscriptInferencer):
    """Rate the sentiment of utterances from their words and video.

    For models with the target 'sentiment', such as UniVL's. A result is
    ``dict(video, transcript, sentiment, score)``: the score is on the scale
    of the training data (-3 to 3 for CMU-MOSI), the sentiment says in a word
    whether it is above 0.

    Example:
        >>> rate = VideoSentimentInferencer(weights='work_dirs/RUN/best.pth')
        >>> rate('clip.npy', transcript='I did not like it')
    """

    targets = ('sentiment', )

    def result(self, pred: ActionDataSample) -> Dict[str, Any]:
        """Read ``pred_sentiment``; see the class."""
        score = float(pred.pred_sentiment)
        return dict(
            pred.metainfo[REQUEST],
            sentiment='positive' if score > 0 else 'negative',
            score=score)


_ALL = (VideoQAInferencer, VideoRetrievalInferencer, VideoCaptionInferencer,
        VideoSentimentInferencer)


def inferencer_for(
        weights: str,
        model: Optional[str] = None,
        allow: Union[str, Sequence[str]] = ()) -> Type[VideoTextInferencer]:
    """Choose the inferencer by what a model was trained for.

    Args:
        weights (str): Checkpoint; see :class:`VideoTextInferencer`.
        model (str, optional): Config file. Defaults to None: the config in
            the checkpoint.
        allow (str | Sequence[str]): Likewise. Defaults to none.

    Returns:
        type: The class, to be called with the same arguments.

    Raises:
        FileNotFoundError: If config or checkpoint are not there.
        RefusedFileError: If the checkpoint asks for more than data.
        ValueError: If no model can be built of it.
    """
    init_default_scope('mmaction')
    if model is None:
        cfg = config_in(load_run_checkpoint(weights), weights, allow)
    elif Path(model).is_file():
        cfg = Config.fromfile(str(model))
    else:
        raise FileNotFoundError(f'{model}: there is no such config')
    with plain_files() if model is None else nullcontext():
        return inferencer_of(cfg)


def inferencer_of(cfg: Config) -> Type[VideoTextInferencer]:
    """Choose the inferencer of the model that a config describes."""
    target = build_bare_model(cfg).target
    return next(kind for kind in _ALL if target in kind.targets)
