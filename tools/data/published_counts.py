"""How many items the published data sets have.

By these numbers a download that is not whole, a sample of a data set or
another split is seen. They are those of the papers and of the authors'
repositories; docs/data/ names them.
"""
import re
from typing import Any, Dict, Tuple

Counts = Dict[str, Tuple[int, ...]]

# All questions, or those whose answer is in the vocabulary: VIOLET's author
# left the others out of the test.
_MSVD_QA = dict(
    train=(30933, 29883), val=(6415, 5749), test=(13157, 11983))
_MSRVTT_QA = dict(train=(158581, ), val=(12278, ), test=(72821, ))
# The README says 20,475; the file beside it has 20,471 rows.
_ACTION = dict(train=(20475, 20471), test=(2274, ))
_TRANSITION = dict(train=(52704, ), test=(6232, ))
_FRAME = dict(train=(39392, ), test=(13691, ))


def _test_of(counts: Counts) -> Counts:
    """Of VIOLET's files: how its validation split was cut is not published."""
    return dict(test=counts['test'])


# Annotation file, in which a group may name the split -> numbers of items.
_FILES = {
    r'txt_msvd-qa\.json': _MSVD_QA,
    r'(train|val|test)_qa\.json': _MSVD_QA,
    r'msvd_(train|val|test)(_qa_encode)?\.jsonl?': _MSVD_QA,
    r'msrvtt_qa_(train|val|test)\.jsonl': _MSRVTT_QA,
    r'msrvtt_mc_(test)\.jsonl': dict(test=(2990, )),
    r'(train)_7k\.json': dict(train=(140200, )),
    r'(train)_9k\.json': dict(train=(180000, )),
    r'(test)\.json': dict(test=(1000, )),
    r'txt_msrvtt-retrieval\.json': dict(test=(1000, )),
    r'(train)_list_7k\.txt': dict(train=(7010, )),
    r'(train)_list_9k\.txt': dict(train=(9000, )),
    r'val_list_jsfusion\.txt': dict.fromkeys(
        ('train', 'val', 'test'), (1000, )),
    r'MSRVTT_(?:data|transcript_data_v2)\.json': dict(
        train_7k=(140200, 7010), train_9k=(180000, 9000), test_1k=(1000, ),
        test_full=(2990, )),
    r'txt_tgif-action\.json': _test_of(_ACTION),
    r'(train|test)_action_question\.csv': _ACTION,
    r'action_(train|test)\.jsonl': _ACTION,
    r'txt_tgif-transition\.json': _test_of(_TRANSITION),
    r'(train|test)_transition_question\.csv': _TRANSITION,
    r'transition_(train|test)\.jsonl': _TRANSITION,
    r'txt_tgif-frame\.json': _test_of(_FRAME),
    r'(train|test)_frameqa_question\.csv': _FRAME,
    r'frameqa_(train|test)\.jsonl': _FRAME,
    # Clips. 3,369 is what a comment in MELTR's evaluation says.
    r'youcookii_(val)\.csv': dict(val=(3350, 3369)),
    r'(un)?aligned_50\.pkl': dict(train=(1284, ), valid=(229, ),
                                  test=(686, )),
}
# Rows of train, val and test in the files of pytorch_violet's folder `_data`.
_SAMPLE = dict(train=200, val=50, test=50)


def published(file: str, split: str) -> Tuple[int, ...]:
    """Look up how many items a split has.

    Args:
        file (str): Name of the annotation file, or of a list that says which
            of its videos are used; without folder.
        split (str): Name of the split, where the file does not tell.

    Returns:
        tuple[int, ...]: The numbers that are right; none if unknown.
    """
    for pattern, counts in _FILES.items():
        match = re.fullmatch(pattern, file, re.I)
        if match:
            named = (match.group(1) or '').lower() if match.groups() else ''
            return counts.get(named, counts.get(split, ()))
    return ()


def verdict(found: int, numbers: Tuple[int, ...], file: str,
            split: str) -> str:
    """Say what is wrong with a number of items.

    Args:
        found (int): The number.
        numbers (tuple[int, ...]): See :func:`published`.
        file (str): Name of the annotation file.
        split (str): Name of the split.

    Returns:
        str: Nothing if it is right, or nothing is known.
    """
    if file.startswith('txt_') and found == _SAMPLE.get(split):
        return (f'{file} is the public sample of 300 rows (train 200, val 50, '
                'test 50) from the folder _data of pytorch_violet, not the '
                'data set. docs/data/ says where the whole file is, and '
                'tools/data/prepare.py makes it from the original one.')
    if not numbers or found in numbers:
        return ''
    if file == 'txt_tgif-frame.json' and .8 * numbers[0] < found < numbers[0]:
        return ''  # without the questions whose answers are unknown
    return (f'{split} of {file} must have {as_text(numbers)} items, as '
            f'published, but has {found:,}. Is it the whole file, and that '
            'of this split?')


def as_text(numbers: Tuple[Any, ...]) -> str:
    """Write numbers that are all right: ``13,157 or 11,983``."""
    return ' or '.join(f'{number:,}' for number in numbers) or 'not known'
