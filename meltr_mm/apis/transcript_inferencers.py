"""What is asked of a video and of what is said in it."""
from typing import Any, Dict, List, Sequence, Union

from mmaction.registry import INFERENCERS
from mmaction.structures import ActionDataSample

from .video_text_inferencer import REQUEST, VideoTextInferencer, one_per_video


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
