"""Scores of written captions."""
from typing import Dict, List, Optional

from mmaction.registry import METRICS

from ..functional import caption_metrics
from ..functional.captioning import check_caption_settings
from .whole_dataset_metric import WholeDatasetMetric


@METRICS.register_module()
class CaptionMetric(WholeDatasetMetric):
    """BLEU-1 to BLEU-4, METEOR, ROUGE-L and CIDEr, all times 100.

    See :func:`meltr_mm.evaluation.functional.caption_metrics`. Reads
    ``pred_caption`` (str) and ``references`` (list[str]) of the samples. Needs
    the package pycocoevalcap, and a Java runtime for METEOR.

    Args:
        tokenizer (str): ``'plain'`` or ``'ptb'``; which of them belongs
            beside every number that is reported. Defaults to ``'plain'``.
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the names. Defaults to
            ``'caption'``.
        collect_dir (str, optional): See
            :class:`mmengine.evaluator.BaseMetric`.

    Raises:
        ImportError: If pycocoevalcap is not installed.
        ValueError: If the tokenizer is unknown, a sample lacks a field, or
            captions of the data set were not evaluated.
    """

    default_prefix = 'caption'
    items = 'captions'

    def __init__(self,
                 tokenizer: str = 'plain',
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None,
                 collect_dir: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        # Now, rather than after an epoch of training.
        check_caption_settings(tokenizer)
        self.tokenizer = tokenizer

    def read(self, sample: dict) -> tuple:
        """Take a caption and its references."""
        self.need(
            sample, ('pred_caption', 'references'),
            '`pred_caption` is set by a captioning model with a tokenizer, '
            '`references` by the dataset.')
        return sample['pred_caption'], list(sample['references'])

    def compute_metrics(self, results: List[tuple]) -> Dict[str, float]:
        """Compute the metrics.

        Args:
            results (list[tuple]): Pairs of caption and references.

        Returns:
            dict[str, float]: See the class.
        """
        self.check_complete(results)
        predictions, references = zip(*results)
        return caption_metrics(predictions, references, self.tokenizer)
