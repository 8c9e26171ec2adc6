"""Reading a closed set of answers that came with a data set."""
import io
from collections import Counter
from typing import List

from .read_json import read_json
from .read_text import read_text


def read_answers(path: str) -> List[str]:
    """Read an answer vocabulary.

    Args:
        path (str): A ``.json`` file, a dict from answers to their numbers
            0, 1, ...; or a text file, whose line gives the number.

    Returns:
        list[str]: The answers by number.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If the numbers of a dict are not 0, 1, ..., or an answer
            is empty or occurs twice.
    """
    if path.endswith('.json'):
        numbers = read_json(path)
        if not isinstance(numbers, dict) or not numbers or any(
                type(number) is not int for number in numbers.values()
        ) or sorted(numbers.values()) != list(range(len(numbers))):
            raise ValueError(
                f'{path}: must hold a dict from answers to the numbers 0, 1, '
                '..., each once. Fetch the file again.')
        return sorted(numbers, key=numbers.get)
    text = read_text(path, 'list of answers')
    # Lines end as in other text files, not at a form feed or the like.
    answers = [a.rstrip('\n') for a in io.StringIO(text, newline=None)]
    repeated = [a for a, count in Counter(answers).items() if count > 1]
    empty = not all(answer.strip() for answer in answers)
    if not answers or repeated or empty:
        fault = 'has none' if not answers else 'one line is empty' if empty \
            else f'{repeated[0]!r} is repeated'
        raise ValueError(
            f'{path}: must have one answer per line, each once, but {fault}'
            '. Fetch the file again.')
    return answers
