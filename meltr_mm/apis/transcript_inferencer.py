"""What is asked of a video and what is said in it."""
from typing import Any, Dict, List, Sequence, Union

from .asked import for_each
from .video_text_inferencer import VideoTextInferencer


class TranscriptInferencer(VideoTextInferencer):
    """Base of the inferencers that take a transcript beside each video.

    Args:
        *args: See :class:`VideoTextInferencer`.
        **kwargs: Likewise.
    """

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

        Returns:
            list[dict]: One per video.

        Raises:
            ValueError: If there are not as many as videos.
        """
        texts = for_each(transcript, isinstance(transcript, str), count,
                         'transcript')
        return [dict(transcript=text) for text in texts]

    def fields(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """Make the fields of a sample; see :class:`VideoTextInferencer`."""
        return dict(text=request['transcript'])
