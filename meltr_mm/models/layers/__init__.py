"""What every video-text model of this package is made of."""
from .bert import (
    BertLayers,
    build_bert,
    build_bert_config,
    build_head_transform,
    build_mlm_head,
    build_pooler,
    init_like_bert,
    key_bias,
    load_pretrained_bert,
)
from .gallery import Features, Gallery
from .key_map import KeyMap, LoadReport, compare_state_dict, load_strict
from .video_text_model import (
    IGNORED,
    AnsweringTask,
    LossFunction,
    Objective,
    RetrievalTask,
    SampleBatch,
    TargetTask,
    VideoTextModel,
    labelled_cross_entropy,
)

__all__ = [
    'IGNORED', 'AnsweringTask', 'BertLayers', 'Features', 'Gallery', 'KeyMap',
    'LoadReport', 'LossFunction', 'Objective', 'RetrievalTask', 'SampleBatch',
    'TargetTask', 'VideoTextModel', 'build_bert', 'build_bert_config',
    'build_head_transform', 'build_mlm_head', 'build_pooler',
    'compare_state_dict', 'init_like_bert', 'key_bias',
    'labelled_cross_entropy', 'load_pretrained_bert', 'load_strict'
]
