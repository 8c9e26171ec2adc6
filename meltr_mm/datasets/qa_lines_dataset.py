"""Open-ended question answering in All-in-one's files."""
from typing import Any, Dict, List

from mmaction.registry import DATASETS

from ..check_options import check_text
from .lines_video_dataset import LinesVideoDataset
from .read_answers import read_answers


@DATASETS.register_module()
class QALinesDataset(LinesVideoDataset):
    """Questions, one per line, and a file with the closed set of answers.

    A line is ``{question, answer, <video_key>}``, the answer a string. An
    answer outside the set gets the label -1, which the training loss ignores
    and the accuracy counts as wrong.

    Each sample holds ``video_id`` and ``filename`` (str), ``question`` and
    ``answer`` (str), ``label`` (list of one int), ``question_id`` (int, the
    row) and ``question_type`` (str, the first word). ``metainfo['vocab']``
    is the list of answers.

    Args:
        ann_file (str): The file of lines, relative to ``data_root``.
        vocab_file (str): The answers; see
            :func:`~meltr_mm.datasets.read_answers.read_answers`.
        **kwargs: See :class:`LinesVideoDataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or video.
        ValueError: For a malformed file or line; the message names both.

    Examples:
        >>> msrvtt = dict(
        ...     type='QALinesDataset',
        ...     data_root='data/msrvtt',
        ...     ann_file='msrvtt_qa_train.jsonl',
        ...     vocab_file='msrvtt_train_ans2label.json')
        >>> msvd = dict(
        ...     type='QALinesDataset',
        ...     data_root='data/msvd',
        ...     ann_file='msvd_train.jsonl',
        ...     vocab_file='msvd_answer_set.txt',
        ...     mapping_file='msvd_youtube_mapping.txt',
        ...     video_suffix='.avi')
        >>> tgif = dict(
        ...     type='QALinesDataset',
        ...     data_root='data/tgif',
        ...     ann_file='frameqa_train.jsonl',
        ...     vocab_file='frameqa_trainval_ans2label.json',
        ...     video_key='gif_name',
        ...     data_prefix=dict(video='gifs'),
        ...     video_suffix='.gif')
    """

    METAINFO = dict(dataset_type='qa_lines', task_name='open_ended_qa')
    row_keys = row_texts = ('question', 'answer')

    def __init__(self, ann_file: str, vocab_file: str, **kwargs) -> None:
        check_text('vocab_file', vocab_file)
        self.vocab_file = vocab_file
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the answers, then the questions.

        Returns:
            list[dict]: One dict per question, see the class.
        """
        vocab = read_answers(self.in_root(self.vocab_file))
        self._metainfo['vocab'] = vocab
        self._labels = {answer: label for label, answer in enumerate(vocab)}
        samples = super().load_data_list()
        if all(sample['label'] == [-1] for sample in samples):
            raise ValueError(
                f'{self.ann_file}: no answer is among the {len(vocab)} of '
                f'{self.vocab_file}. Both files must be of one data set.')
        return samples

    def read_row(self, item: Dict[str, Any], where: str) -> dict:
        """Read question and answer; see :meth:`LinesVideoDataset.read_row`."""
        return dict(
            question=item['question'],
            answer=item['answer'],
            label=[self._labels.get(item['answer'], -1)],
            question_type=item['question'].split()[0].lower())
