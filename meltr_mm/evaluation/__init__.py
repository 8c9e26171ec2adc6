"""Evaluation; importing this package registers the metrics."""
from .captioning import CaptionMetric, caption_metrics
from .question_answering import (
    OpenEndedQAMetric,
    accuracy,
    accuracy_by_group,
    accuracy_known,
    ceiling,
    majority,
)
from .retrieval import (
    TextVideoRetrievalMetric,
    both_directions,
    query_ranks,
    rank_metrics,
    retrieval_metrics,
)
from .sentiment import (
    SentimentMetric,
    accuracy_of_degrees,
    correlation,
    sentiment_metrics,
    weighted_f1,
)

__all__ = [
    'CaptionMetric', 'OpenEndedQAMetric', 'SentimentMetric',
    'TextVideoRetrievalMetric', 'accuracy', 'accuracy_by_group',
    'accuracy_known', 'accuracy_of_degrees', 'both_directions',
    'caption_metrics', 'ceiling', 'correlation', 'majority', 'query_ranks',
    'rank_metrics', 'retrieval_metrics', 'sentiment_metrics', 'weighted_f1'
]
