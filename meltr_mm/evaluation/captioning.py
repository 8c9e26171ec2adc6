"""Captions against references, with the COCO caption toolkit.

Scale: all scores are multiplied by 100, CIDEr too: what papers quote as 1.90
for YouCook2 is 190 here, and MSRVTT's 52.77 is 52.77.

CIDEr weighs words by how rare they are in the references of all captions
that are evaluated, so a score of a subset cannot be compared with that of the
whole, and is 0 for a single caption.
"""
import importlib.util
import logging
import shutil
from typing import Dict, List, Optional, Sequence

from mmaction.registry import METRICS
from mmengine.logging import print_log

from .whole_dataset_metric import WholeDatasetMetric

TOKENIZERS = ('plain', 'ptb')
INSTALL = 'pip install pycocoevalcap==1.2'


def check_caption_settings(tokenizer: str) -> None:
    """Check that there is such a tokenizer, and the toolkit.

    Args:
        tokenizer (str): See :func:`caption_metrics`.

    Raises:
        ImportError: Saying what to install.
        ValueError: Saying which tokenizers there are.
    """
    if tokenizer not in TOKENIZERS:
        raise ValueError(
            f'tokenizer must be one of {TOKENIZERS}, but got {tokenizer!r}')
    if importlib.util.find_spec('pycocoevalcap') is None:
        raise ImportError(
            'Caption metrics come from the COCO caption toolkit, which is '
            f'not installed. Run `{INSTALL}`.')


def caption_metrics(predictions: Sequence[str],
                    references: Sequence[Sequence[str]],
                    tokenizer: str = 'plain') -> Dict[str, float]:
    """Corpus scores of one caption per item.

    METEOR and the tokenizer 'ptb' run in Java. Where there is no ``java``
    command METEOR is left out, 'plain' stands in for 'ptb', and one line in
    the log says so.

    Args:
        predictions (Sequence[str]): The captions (N,).
        references (Sequence[Sequence[str]]): One or more references for each
            caption (N,).
        tokenizer (str): How texts become words. ``'plain'``: lower case,
            split at blanks, as UniVL's results were made. A WordPiece model
            sets punctuation apart, and the references must do so, too:
            :class:`~meltr_mm.datasets.transforms.TokenizeReferences`.
            ``'ptb'``: the toolkit's own, which
            also splits off and drops punctuation. Scores of one are not
            comparable with those of the other. Defaults to 'plain'.

    Returns:
        dict[str, float]: ``BLEU-1`` to ``BLEU-4``, ``METEOR``, ``ROUGE-L``,
        ``CIDEr`` (the variant CIDEr-D, as everywhere).

    Raises:
        ImportError: If the toolkit is not installed.
        ValueError: If there is nothing to evaluate, lengths differ, a
            caption has no reference or one that is empty, or the tokenizer
            is unknown.
    """
    check_caption_settings(tokenizer)
    _check(predictions, references)
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    has_java = shutil.which('java') is not None
    if not has_java:
        instead = (' and texts are split at blanks instead of by PTB'
                   if tokenizer == 'ptb' else '')
        print_log(
            f'There is no `java` command, so METEOR is left out{instead}. '
            'Install a Java runtime to have it.', 'current', logging.WARNING)
    split = _ptb if tokenizer == 'ptb' and has_java else _plain
    truth = split(references)
    found = split([[prediction] for prediction in predictions])
    bleu, _ = Bleu(4).compute_score(truth, found, verbose=0)
    metrics = {f'BLEU-{n}': score for n, score in enumerate(bleu, start=1)}
    if has_java:
        from pycocoevalcap.meteor.meteor import Meteor
        metrics['METEOR'] = Meteor().compute_score(truth, found)[0]
    metrics['ROUGE-L'] = Rouge().compute_score(truth, found)[0]
    metrics['CIDEr'] = Cider().compute_score(truth, found)[0]
    return {name: 100. * float(score) for name, score in metrics.items()}


def _check(predictions: Sequence[str],
           references: Sequence[Sequence[str]]) -> None:
    if not len(predictions):
        raise ValueError('There must be at least one caption to evaluate.')
    if len(predictions) != len(references):
        raise ValueError(
            'There must be references for each caption, but there are '
            f'{len(predictions)} captions and {len(references)} lists of '
            'references.')
    for item, texts in enumerate(references):
        if isinstance(texts, str) or not texts or not all(
                text.strip() for text in texts):
            raise ValueError(
                'Each caption must have a list of one or more references '
                f'that are not empty, but those of item {item} are '
                f'{texts!r}.')


def _plain(texts: Sequence[Sequence[str]]) -> Dict[int, List[str]]:
    return {
        item: [' '.join(text.lower().split()) for text in group]
        for item, group in enumerate(texts)
    }


def _ptb(texts: Sequence[Sequence[str]]) -> Dict[int, List[str]]:
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
    return PTBTokenizer().tokenize({
        item: [dict(caption=text) for text in group]
        for item, group in enumerate(texts)
    })


@METRICS.register_module()
class CaptionMetric(WholeDatasetMetric):
    """BLEU-1 to BLEU-4, METEOR, ROUGE-L and CIDEr, all times 100.

    See :func:`meltr_mm.evaluation.caption_metrics`. Reads
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
