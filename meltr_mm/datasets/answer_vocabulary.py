"""The closed set of answers of open-ended video question answering."""
from collections import Counter
from typing import Iterable, List


def most_frequent_answers(answers: Iterable[str], size: int) -> List[str]:
    """Build the answer vocabulary from the answers of the training set.

    Args:
        answers (Iterable[str]): One answer per training question.
        size (int): The largest number of answers to keep.

    Returns:
        list[str]: The ``size`` most frequent answers, most frequent first.
        Equally frequent answers stand in alphabetical order, so that the
        result does not depend on the order of the file.
    """
    counts = Counter(answers)
    return sorted(counts, key=lambda word: (-counts[word], word))[:size]
