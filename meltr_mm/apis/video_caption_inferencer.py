"""Captions of videos."""
from typing import Any, Dict

from mmaction.registry import INFERENCERS
from mmaction.structures import ActionDataSample

from .transcript_inferencer import TranscriptInferencer
from .video_text_inferencer import REQUEST


@INFERENCERS.register_module()
class VideoCaptionInferencer(TranscriptInferencer):
    """Write captions of videos, with what is said in them if it is known.

    For UniVLCaptioning, which takes features; see
    :class:`VideoTextInferencer`. A result is ``dict(video, transcript,
    caption, score)``, where the score is the one by which the caption was
    the best of its beam: its log-probability, by default per token.

    Args:
        *args: See :class:`VideoTextInferencer`.
        **kwargs: Likewise.

    Example:
        >>> write = VideoCaptionInferencer(weights='work_dirs/RUN/best.pth')
        >>> write('clip.npy', transcript='now add the salt')
    """

    targets = ('caption', )

    def result(self, pred: ActionDataSample) -> Dict[str, Any]:
        """Take the caption out.

        Args:
            pred (ActionDataSample): With ``pred_caption``,
                ``pred_caption_score`` and the request.

        Returns:
            dict: See the class.

        Raises:
            ValueError: If the model writes ids only.
        """
        if 'pred_caption' not in pred:
            raise ValueError(
                f'{self.weights}: UniVLCaptioning must know its tokenizer to '
                'write text; set model.task.tokenizer in the config')
        return dict(
            pred.metainfo[REQUEST],
            caption=pred.pred_caption,
            score=pred.pred_caption_score)
