"""Pure arithmetic behind the metrics: numbers in, numbers out."""
from .qa import accuracy, accuracy_by_group, majority
from .retrieval import (
    both_directions,
    query_ranks,
    rank_metrics,
    retrieval_metrics,
)

__all__ = [
    'accuracy', 'accuracy_by_group', 'both_directions', 'majority',
    'query_ranks', 'rank_metrics', 'retrieval_metrics'
]
