"""Reading a closed set of answers that came with a data set."""
from typing import List

from .read_json import read_json
from .require_file import require_file


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
            occurs twice.
    """
    if path.endswith('.json'):
        numbers = read_json(path)
        if not isinstance(numbers, dict) or any(
                type(number) is not int
                for number in numbers.values()) or sorted(
                    numbers.values()) != list(range(len(numbers))):
            raise ValueError(
                f'{path}: must hold a dict from answers to the numbers 0, 1, '
                '..., each once. Fetch the file again.')
        return sorted(numbers, key=numbers.get)
    require_file(path, 'list of answers')
    with open(path, encoding='utf-8') as file:
        answers = file.read().splitlines()
    repeated = sorted({a for a in answers if answers.count(a) > 1})
    if not answers or repeated:
        raise ValueError(
            f'{path}: must have one answer per line, each once, but '
            f"{'has none' if not answers else f'{repeated[0]!r} is repeated'}"
            '. Fetch the file again.')
    return answers
