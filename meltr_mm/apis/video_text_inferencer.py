"""What the inferencers of this package have in common."""
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Union

import numpy as np
from matplotlib.figure import Figure
from mmaction.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.infer import BaseInferencer
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope

from ..check_options import check_device, check_whole
from ..pictures import save_figure, to_image
from .checkpoint import (
    config_in,
    load_run_checkpoint,
    load_weights,
    plain_files,
)
from .drawing import draw_result, film_strip
from .s3d_features import S3DFeatures
from .video_files import Video, VideoPipeline, name_of

# How a data sample carries what was asked for, beside its tensors.
REQUEST, STRIP = 'request', 'strip'

# What a model of each target does, and by what it is asked.
_TARGETS = dict(
    answer=('answers questions from a vocabulary',
            'VideoQAInferencer (demo.py --question)'),
    choice=('chooses one of the options that come with a question',
            'VideoQAInferencer (demo.py --question with --options)'),
    retrieval=('ranks videos for a text',
               'VideoRetrievalInferencer (demo.py --query)'),
    caption=('writes captions', 'VideoCaptionInferencer (demo.py --caption)'),
    sentiment=('rates the sentiment of an utterance',
               'VideoSentimentInferencer (demo.py --sentiment)'))


class VideoTextInferencer(BaseInferencer):
    """Use a trained model on videos that a person names.

    One subclass for each thing that can be asked, for any
    :class:`~meltr_mm.models.layers.VideoTextModel` whose ``target`` it is.
    All take the same arguments, and videos as the test pipeline of the config
    can read them: files, or features, which are a ``.npy`` with an array
    (seconds, D), ``TABLE:ID``, or the array itself; see
    :class:`~meltr_mm.apis.video_files.VideoPipeline`.

    Args:
        model (str | Config, optional): Config file, or config. Defaults to
            None: that in the checkpoint.
        weights (str): Checkpoint of a run, or one that
            ``tools/convert/unwrap.py`` has made of it (which needs a
            config).
        device (str, optional): Defaults to the accelerator if there is one.
        show_progress (bool): Defaults to False.
        allow (str | Sequence[str]): Types and modules that the config in the
            checkpoint may ask for, though they are not registered; see
            :func:`~meltr_mm.apis.checkpoint.parse_config`. Defaults to
            none.
        s3d (str, optional): ``s3d_howto100m.pth``, with which a model that
            takes features takes video files as well. Defaults to None.

    Raises:
        FileNotFoundError: If config or checkpoint are not there.
        RefusedFileError: If the checkpoint asks for more than data.
        ValueError: If they do not belong together, the model was trained
            for something else, or the device is not there.
    """

    preprocess_kwargs: set = set()
    forward_kwargs: set = set()
    visualize_kwargs: set = {'return_vis', 'vis_out_dir'}
    postprocess_kwargs: set = set()
    # The targets of models that can be asked here.
    targets: Sequence[str] = ()

    def __init__(self,
                 model: Union[str, Config, None] = None,
                 weights: Optional[str] = None,
                 device: Optional[str] = None,
                 show_progress: bool = False,
                 allow: Union[str, Sequence[str]] = (),
                 s3d: Optional[str] = None) -> None:
        init_default_scope('mmaction')
        if weights is None:
            raise ValueError('a checkpoint is needed: set `weights`')
        if isinstance(model, (str, Path)):
            if not Path(model).is_file():
                raise FileNotFoundError(f'{model}: there is no such config')
            model = str(model)
        check_device(device)
        self.weights = str(weights)
        self.s3d = s3d
        self.allow = allow
        # A config of the user's own is a program; that in a file is not.
        self._reading = plain_files if model is None else nullcontext
        with self._reading():
            super().__init__(model, self.weights, device, 'mmaction',
                             show_progress)

    def __call__(self,
                 inputs: Union[Video, Sequence[Video]],
                 return_datasamples: bool = False,
                 batch_size: int = 1,
                 return_vis: bool = False,
                 vis_out_dir: str = '',
                 **kwargs) -> Dict[str, Any]:
        """Ask about one or more videos.

        Args:
            inputs (str | Path | np.ndarray | Sequence): Videos.
            return_datasamples (bool): Give the data samples instead of
                plain dicts. Defaults to False.
            batch_size (int): Videos per forward pass. Defaults to 1.
            return_vis (bool): Make a picture of each result. Defaults to
                False.
            vis_out_dir (str): Write the pictures there, ``0.png``,
                ``1.png``, ... Defaults to '': nowhere.
            **kwargs: What is asked; see the subclass.

        Returns:
            dict: ``predictions``, a list with a dict of strings and numbers
            per video, and ``visualization``, a list of RGB images or None.
        """
        check_whole('batch_size', batch_size)
        with self._reading():
            return super().__call__(inputs, return_datasamples, batch_size,
                                    return_vis=return_vis,
                                    vis_out_dir=vis_out_dir, **kwargs)

    # ------------------------------------------------------ making of parts

    def _init_model(self, cfg: ConfigDict, weights: str,
                    device: str = 'cpu') -> BaseModel:
        checkpoint = load_run_checkpoint(weights)
        if not cfg:  # MMEngine's way to say that none was given
            cfg.update(config_in(checkpoint, weights, self.allow)._cfg_dict)
        model = build_bare_model(cfg)
        if model.target not in self.targets:
            does, asked_by = _TARGETS[model.target]
            raise ValueError(
                f'{weights}: this model {does}, which {type(self).__name__} '
                'does not ask for; it is for one that '
                f"{' or '.join(_TARGETS[t][0] for t in self.targets)}. "
                f'Use {asked_by}')
        load_weights(model, checkpoint, weights)
        self.target = model.target
        self.dataset_meta = checkpoint.get('meta', {}).get(
            'dataset_meta') or {}
        return model.to(device).eval()

    def _init_pipeline(self, cfg: ConfigDict) -> VideoPipeline:
        if self.s3d is None:
            return VideoPipeline(cfg)
        device = next(self.model.parameters()).device
        return VideoPipeline(cfg, S3DFeatures(self.s3d, device))

    def _init_visualizer(self, cfg: ConfigDict) -> None:
        # Results are drawn by `visualize` itself.
        return None

    # ------------------------------------------------------------- the flow

    def _inputs_to_list(self, inputs: Any) -> list:
        # A folder of the base class would be listed; a video never is one.
        inputs = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        return [str(video) if isinstance(video, Path) else video
                for video in inputs]

    def preprocess(self,
                   inputs: Sequence[Video],
                   batch_size: int = 1,
                   **asked) -> Iterable[dict]:
        """Read the videos, and yield batches for the model."""
        requests = self.requests(len(inputs), **asked)
        packed = (self.ask(self.pipeline(video, self.fields(request)),
                           request, video)
                  for video, request in zip(inputs, requests))
        yield from map(self.collate_fn,
                       self._get_chunk_data(packed, batch_size))

    def requests(self, count: int, **asked) -> List[Dict[str, Any]]:
        """Say for each of some videos what is asked about it.

        Raises:
            ValueError: If something else has to be asked.
        """
        raise NotImplementedError

    def fields(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """Make of a request the fields of a sample that the pipeline reads.
        """
        raise NotImplementedError

    def ask(self, packed: dict, request: Dict[str, Any],
            video: Video) -> dict:
        """Note on a sample, as a pipeline packs it, what is asked and what
        the model sees: both go into the result. Returns the sample."""
        packed['data_samples'].set_metainfo({
            REQUEST: dict(video=name_of(video), **request),
            STRIP: film_strip(packed['inputs'])
        })
        return packed

    def visualize(self,
                  inputs: list,
                  preds: list,
                  return_vis: bool = False,
                  vis_out_dir: str = '') -> Optional[List[np.ndarray]]:
        """Draw each result with the frames that the model saw.

        Returns:
            list[np.ndarray], optional: RGB images, (H, W, 3), uint8; None if
            they are neither to be returned nor written.
        """
        if not return_vis and not vis_out_dir:
            return None
        images = []
        for number, pred in enumerate(preds):
            figure = self.picture(pred)
            if vis_out_dir:
                images.append(save_figure(
                    figure, Path(vis_out_dir) / f'{number}.png'))
            else:
                images.append(to_image(figure))
        return images

    def picture(self, pred: Any) -> Figure:
        """Draw what the model saw and said."""
        return draw_result(self.result(pred), pred.metainfo[STRIP])

    def postprocess(self,
                    preds: list,
                    visualization: Optional[List[np.ndarray]] = None,
                    return_datasamples: bool = False,
                    **kwargs) -> Dict[str, Any]:
        """Put results, or the data samples as they are, and images into one
        dict; see :meth:`__call__`."""
        results = preds if return_datasamples else [
            self.result(pred, **kwargs) for pred in preds
        ]
        return dict(predictions=results, visualization=visualization)

    def result(self, pred: Any, **kwargs) -> Dict[str, Any]:
        """Make a dict of strings and numbers of a prediction.

        Args:
            pred (ActionDataSample): With what the model predicts and the
                request.
            **kwargs: See the subclass.
        """
        raise NotImplementedError


def build_bare_model(cfg: Config) -> BaseModel:
    """Build the model of a config, without MELTR around it.

    Args:
        cfg (Config): A whole config, with or without MELTRWrapper.

    Returns:
        BaseModel: With new weights.

    Raises:
        ValueError: If no model can be built, or it does not say what can be
            asked of it.
    """
    config = cfg.get('model')
    if not isinstance(config, dict) or 'type' not in config:
        raise ValueError("the config must have a model, such as dict(type="
                         f"'Violet', ...), but has {config!r}")
    if config.type == 'MELTRWrapper':
        config = config.model
        if 'data_preprocessor' in cfg.model:
            config = ConfigDict(
                {'data_preprocessor': cfg.model.data_preprocessor, **config})
    try:
        model = MODELS.build(config)
    except (AttributeError, KeyError, RuntimeError, TypeError) as error:
        reason = str(error).strip().split('\n')[0]
        raise ValueError(f'no {config.type} can be built of this config '
                         f'({type(error).__name__}: {reason})') from error
    if getattr(model, 'target', None) not in _TARGETS:
        raise ValueError(
            f'the model must have a `target` among {list(_TARGETS)}, as '
            f'every VideoTextModel has, but is {config.type}; for other '
            'models use the inferencers of the package that they come from')
    return model


def one_per_video(value: Union[Any, Sequence[Any]], is_one: bool, count: int,
                  name: str) -> list:
    """Repeat a value that is meant for all videos, or check that there is
    one for each.

    Raises:
        ValueError: If there are not as many values as videos; the message
            calls them by the name.
    """
    values = [value] * count if is_one else list(value)
    if len(values) != count:
        raise ValueError(f'`{name}` must be one for all videos or one for '
                         f'each of the {count}, but has {len(values)}')
    return values
