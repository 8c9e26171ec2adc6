"""What two or more of the foundation models share."""
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
from .key_map import KeyMap, LoadReport, compare_state_dict, load_strict
from .labelled_cross_entropy import IGNORED, labelled_cross_entropy
from .ranking_model import Ranker, RankingModel
from .sample_fields import SampleBatch, stack_field
from .video_text_model import VideoTextModel

__all__ = [
    'IGNORED', 'BertLayers', 'KeyMap', 'LoadReport', 'Ranker', 'RankingModel',
    'SampleBatch', 'VideoTextModel', 'build_bert', 'build_bert_config',
    'build_head_transform', 'build_mlm_head', 'build_pooler',
    'compare_state_dict', 'init_like_bert', 'key_bias',
    'labelled_cross_entropy', 'load_pretrained_bert', 'load_strict',
    'stack_field'
]
