"""Which inferencer a checkpoint is asked by."""
from contextlib import nullcontext
from pathlib import Path
from typing import Optional, Sequence, Type, Union

from mmengine.config import Config
from mmengine.registry import init_default_scope

from .checkpoint import config_in, load_run_checkpoint
from .config_data import plain_files
from .transcript_inferencers import (
    VideoCaptionInferencer,
    VideoSentimentInferencer,
)
from .video_qa_inferencer import VideoQAInferencer
from .video_retrieval_inferencer import VideoRetrievalInferencer
from .video_text_inferencer import VideoTextInferencer, build_bare_model

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
