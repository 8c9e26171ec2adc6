"""What a model was trained for, and so can be asked."""
from mmaction.registry import MODELS
from mmengine.config import Config, ConfigDict

from ..models.all_in_one.heads import (
    HEADS,
    ChoiceHead,
    ContrastiveHead,
    OpenEndedQAHead,
)
from ..models.univl import UniVLCaptioning, UniVLRetrieval, UniVLSentiment
from ..models.violet import (
    VioletMultipleChoiceQA,
    VioletOpenEndedQA,
    VioletRetrieval,
)

# Target -> the parts of models that have it.
_PARTS = dict(
    answer=(VioletOpenEndedQA, OpenEndedQAHead),
    choice=(VioletMultipleChoiceQA, ChoiceHead),
    retrieval=(VioletRetrieval, UniVLRetrieval, ContrastiveHead),
    caption=(UniVLCaptioning, ),
    sentiment=(UniVLSentiment, ))
DESCRIPTIONS = dict(
    answer='answers questions from a vocabulary',
    choice='chooses one of the options that come with a question',
    retrieval='ranks videos for a text',
    caption='writes captions',
    sentiment='rates the sentiment of an utterance')
ASKED_BY = dict(
    answer='VideoQAInferencer (demo.py --question)',
    choice='VideoQAInferencer (demo.py --question with --options)',
    retrieval='VideoRetrievalInferencer (demo.py --query)',
    caption='VideoCaptionInferencer (demo.py --caption)',
    sentiment='VideoSentimentInferencer (demo.py --sentiment)')


def model_config_of(cfg: Config) -> ConfigDict:
    """Take the config of the bare model out of a whole config.

    Args:
        cfg (Config): A whole config, with or without MELTRWrapper.

    Returns:
        ConfigDict: That of the model.
    """
    config = cfg.model
    if config.type != 'MELTRWrapper':
        return config
    shared = ('data_preprocessor', )
    defaults = {key: config[key] for key in shared if key in config}
    return ConfigDict(defaults | config.model)


def target_of(cfg: Config) -> str:
    """Tell what the model of a config predicts.

    Args:
        cfg (Config): A whole config.

    Returns:
        str: A key of ``DESCRIPTIONS``.

    Raises:
        ValueError: If it is none of Violet, UniVL and AllInOne.
    """
    config = model_config_of(cfg)
    if 'heads' in config and config.get('target') in HEADS:
        part = HEADS[config.target]
    else:
        part = MODELS.get(config.get('task', {}).get('type', ''))
    for target, parts in _PARTS.items():
        if part is not None and issubclass(part, parts):
            return target
    raise ValueError(
        f'the model must be Violet, UniVL or AllInOne, but is '
        f'{config.type}; for other models use the inferencers of the package '
        'that they come from')
