"""Pure arithmetic behind the metrics: numbers in, numbers out."""
from .captioning import caption_metrics
from .qa import (
    accuracy,
    accuracy_by_group,
    accuracy_known,
    ceiling,
    majority,
)
from .retrieval import (
    both_directions,
    query_ranks,
    rank_metrics,
    retrieval_metrics,
)
from .sentiment import (
    accuracy_of_degrees,
    correlation,
    sentiment_metrics,
    weighted_f1,
)

__all__ = [
    'accuracy',
    'accuracy_by_group',
    'accuracy_known',
    'accuracy_of_degrees',
    'both_directions',
    'caption_metrics',
    'ceiling',
    'correlation',
    'majority',
    'query_ranks',
    'rank_metrics',
    'retrieval_metrics',
    'sentiment_metrics',
    'weighted_f1',
]
