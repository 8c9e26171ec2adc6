"""Reading the videos that a person names, through a config's pipeline."""
import os.path as osp
import re
from copy import deepcopy
from typing import Any, Callable, Dict, List, Optional, Union

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose

from ..datasets.transforms.inputs import single_steps
from ..datasets.video_tables import index_of, load_feature_table

# A video file, an array file, 'TABLE:ID', or the features themselves.
Video = Union[str, np.ndarray]

_FEATURES = 'LoadVideoFeatures'
_JPEGS = 'DecodeJPEGFrames'
_DECODERS = ('VideoDecode', 'DecordDecode', 'PyAVDecode', _JPEGS, _FEATURES)
# One video of the feature file of a data set.
TABLE_ROW = re.compile(r'(.+\.(?:pickle|pkl|npy)):(.+)')


class VideoPipeline:
    """The test pipeline of a config, for files instead of a data set.

    Files are read by ``VideoInit`` and ``VideoDecode``, whatever the config
    names, also where it takes frames that were extracted to a pickle; its
    rule of sampling is kept. Where it takes features, a video is an array
    (seconds, D), a ``.npy`` of one, ``TABLE:ID``, a row of a feature file of
    a data set, or with ``extract`` a file as well. All that comes after is
    the config's.

    Args:
        cfg (Config): A whole config.
        extract (Callable, optional): Video file -> its features (seconds,
            D). Defaults to None.

    Raises:
        ValueError: If its test pipeline reads no video that is known here.
    """

    def __init__(
            self,
            cfg: Config,
            extract: Optional[Callable[[str], np.ndarray]] = None) -> None:
        self._extract = extract
        steps = single_steps(test_dataset_of(cfg)['pipeline'])
        places = [i for i, step in enumerate(steps)
                  if step['type'] in _DECODERS]
        if not places:
            raise ValueError(
                f'the test pipeline must read the video by one of '
                f"{_DECODERS}, but has {[step['type'] for step in steps]}")
        readers = steps[:places[0] + 1]
        # Whoever asks has no references to compare the answer with.
        rest = [step for step in steps[places[0] + 1:]
                if step['type'] != 'TokenizeReferences']
        self.takes_features = readers[-1]['type'] == _FEATURES
        self.feature_dim = readers[-1].get('feature_dim', 1024)
        self._rest = Compose(deepcopy(rest))
        self._read = Compose(_file_readers(readers))
        self.steps = [*readers, *rest]

    @property
    def text_steps(self) -> List[Callable]:
        """list[callable]: Transforms after the video was read, in order."""
        return self._rest.transforms

    def __call__(self, video: Video, fields: Dict[str, Any]) -> dict:
        """Read a video and make the model's input of it.

        Args:
            video (str | np.ndarray): See the class.
            fields (dict): What else the sample has, such as a question.

        Returns:
            dict: ``inputs`` and ``data_samples``.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is of the wrong kind, or cannot be read.
        """
        sample = dict(fields, video_id=name_of(video))
        if self.takes_features:
            sample.update(feature_id=name_of(video),
                          features=self._read_features(video))
            return self._rest(self._read(sample))
        self._check_file(video)
        return self._rest(self._read(dict(sample, filename=video)))

    def _check_file(self, video: Video) -> None:
        if not isinstance(video, str) or video.endswith(
                ('.npy', '.pickle', '.pkl')):
            raise ValueError(
                f'{name_of(video)}: this model looks at videos, so that a '
                'video file is needed, not features')
        if not osp.isfile(video):
            raise FileNotFoundError(f'{video}: there is no such video')

    def _read_features(self, video: Video) -> np.ndarray:
        if isinstance(video, np.ndarray):
            return video
        row = TABLE_ROW.fullmatch(video)
        if row and not osp.exists(video):
            table = load_feature_table(row[1])
            if row[2] not in table:
                some = ', '.join(map(repr, list(table)[:3]))
                raise ValueError(f'{row[1]}: there are no features of '
                                 f'{row[2]!r} among {len(table)} videos, '
                                 f'such as {some}')
            return np.asarray(table[row[2]])
        if not osp.exists(video):
            raise FileNotFoundError(f'{video}: there is no such file')
        if self._extract and not video.endswith(('.npy', '.pickle', '.pkl')):
            return self._extract(video)
        if not video.endswith('.npy') or osp.exists(index_of(video)):
            raise ValueError(
                f'{video}: this model takes features: a .npy with an array '
                f'(seconds, {self.feature_dim}), or TABLE:ID for one video '
                'of the feature file of a data set, such as '
                'features.pickle:video7. It takes a video where the weights '
                'of S3D-G are given (--s3d of the demo, `s3d` of an '
                'inferencer)')
        try:
            return np.load(video, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise ValueError(f'{video}: the file is no array of numpy '
                             f'({error})') from None


def test_dataset_of(cfg: Config) -> dict:
    """Find the test data set of a config, also within a split of it.

    Args:
        cfg (Config): A whole config.

    Returns:
        dict: Its config, with the test pipeline.

    Raises:
        ValueError: If there is none.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset')
    while dataset is not None and 'pipeline' not in dataset:
        dataset = dataset.get('dataset')
    if dataset is None:
        raise ValueError(
            'the config must have test_dataloader.dataset with a pipeline, '
            'which says how a video and a text are read, but has none')
    return dataset


def name_of(video: Video) -> str:
    """Name a video in results and messages.

    Args:
        video (str | np.ndarray): File, or features.

    Returns:
        str: The file, or what kind of array it is.
    """
    return video if isinstance(video, str) else f'array {video.shape}'


def _file_readers(readers: List[dict]) -> List[dict]:
    decoder = readers[-1]
    if decoder['type'] == _FEATURES:
        return [dict(decoder, feature_file=None)]
    if decoder['type'] == _JPEGS:
        sampling = [
            dict(type='SampleFramesEvenly', clip_len=decoder['clip_len'])
        ]
    else:
        sampling = [deepcopy(step) for step in readers[:-1]
                    if not step['type'].endswith('Init')]
    return [dict(type='VideoInit'), *sampling, dict(type='VideoDecode')]
