"""Measures of predicted sentiment."""
from typing import Dict, List

from mmaction.registry import METRICS

from ..functional import sentiment_metrics
from .whole_dataset_metric import WholeDatasetMetric


@METRICS.register_module()
class SentimentMetric(WholeDatasetMetric):
    """MAE, correlation, Acc-7, Acc-2 and weighted F1, across all ranks.

    See :func:`meltr_mm.evaluation.functional.sentiment_metrics` for names,
    scales and the two conventions of "positive". Reads ``pred_sentiment`` and
    ``sentiment`` (one number each) of the samples.

    Args:
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the names. Defaults to
            ``'sentiment'``.
        collect_dir (str, optional): See
            :class:`mmengine.evaluator.BaseMetric`.

    Raises:
        ValueError: If a sample lacks a field, a number is not finite, or
            utterances of the data set were not evaluated.
    """

    default_prefix = 'sentiment'
    items = 'utterances'

    def read(self, sample: dict) -> tuple:
        """Take a prediction and its label."""
        self.need(
            sample, ('pred_sentiment', 'sentiment'),
            '`pred_sentiment` is set by the model in predict mode, '
            '`sentiment` by the dataset.')
        return float(sample['pred_sentiment']), float(sample['sentiment'])

    def compute_metrics(self, results: List[tuple]) -> Dict[str, float]:
        """Compute the metrics.

        Args:
            results (list[tuple]): Pairs of prediction and label.

        Returns:
            dict[str, float]: See the class.
        """
        self.check_complete(results)
        predictions, labels = zip(*results)
        return sentiment_metrics(predictions, labels)
