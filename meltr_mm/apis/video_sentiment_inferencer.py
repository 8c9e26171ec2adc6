"""The sentiment of what is said in a video."""
from typing import Any, Dict

from mmaction.registry import INFERENCERS
from mmaction.structures import ActionDataSample

from .transcript_inferencer import TranscriptInferencer
from .video_text_inferencer import REQUEST


@INFERENCERS.register_module()
class VideoSentimentInferencer(TranscriptInferencer):
    """Rate the sentiment of utterances from their words and video.

    For UniVLSentiment, which takes features; see
    :class:`VideoTextInferencer`. A result is ``dict(video, transcript,
    sentiment, score)``: the score is on the scale of the training data (-3
    to 3 for CMU-MOSI), the sentiment says in a word whether it is above 0.

    Args:
        *args: See :class:`VideoTextInferencer`.
        **kwargs: Likewise.

    Example:
        >>> rate = VideoSentimentInferencer(weights='work_dirs/RUN/best.pth')
        >>> rate('clip.npy', transcript='I did not like it')
    """

    targets = ('sentiment', )

    def result(self, pred: ActionDataSample) -> Dict[str, Any]:
        """Take the rating out.

        Args:
            pred (ActionDataSample): With ``pred_sentiment`` (1,) and the
                request.

        Returns:
            dict: See the class.
        """
        score = float(pred.pred_sentiment)
        return dict(
            pred.metainfo[REQUEST],
            sentiment='positive' if score > 0 else 'negative',
            score=score)
