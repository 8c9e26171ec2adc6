"""The input rules of a model in one transform.

A model reads a video and a text in its own way. The classes here put the
single transforms of one model in their order, with the options that a config
sets. Whoever wants to change a single step lists the steps instead: ``steps``
of the class gives them as a pipeline.
"""
from inspect import Parameter, signature
from typing import Any, Dict, List

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose

# What results name and evaluations group by.
META_KEYS = ('img_shape', 'video_id', 'clip', 'caption', 'question', 'answer',
             'question_id', 'question_type', 'references', 'video_index',
             'sample_idx')


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
