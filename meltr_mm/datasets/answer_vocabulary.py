"""The closed set of answers of open-ended video question answering."""
import io
from collections import Counter
from typing import Any, Dict, Iterable, Iterator, List, Optional

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from .data_files import nonempty_text, read_json, read_text


def most_frequent_answers(answers: Iterable[str], size: int) -> List[str]:
    """Build the answer vocabulary from the answers of the training set.

    The rule is that of VIOLET's ``txt_msvd-qa.json``: of the ``size`` most
    frequent answers, of which equally frequent ones are taken in the order in
    which they first appear, the alphabetical list.

    Args:
        answers (Iterable[str]): One per training question, in the order of
            the file, on which the last places depend.
        size (int): The largest number of answers to keep.

    Returns:
        list[str]: At most ``size`` answers, sorted; the place of an answer
        is its label.
    """
    return sorted(word for word, _ in Counter(answers).most_common(size))


def read_answers(path: str) -> List[str]:
    """Read an answer vocabulary.

    Args:
        path (str): A ``.json`` file: a list of answers, a dict from answers
            to their numbers 0, 1, ..., or a dict with the list as ``vocab``,
            as VIOLET's annotations; or a text file, whose line gives the
            number.

    Returns:
        list[str]: The answers by number.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If the numbers of a dict are not 0, 1, ..., or an answer
            is empty or occurs twice.
    """
    if path.endswith('.json'):
        content = read_json(path)
        if isinstance(content, dict) and isinstance(
                content.get('vocab'), list):
            content = content['vocab']
        if isinstance(content, dict):
            content = _by_number(content, path)
        return check_answers(content, path)
    text = read_text(path, 'list of answers')
    # Lines end as in other text files, not at a form feed or the like.
    lines = io.StringIO(text, newline=None)
    return check_answers([line.rstrip('\n') for line in lines], path)


def check_answers(answers: object, where: str) -> List[str]:
    """Check a vocabulary.

    Args:
        answers (object): What a file has as its vocabulary.
        where (str): File and key, for the message.

    Returns:
        list[str]: The same list.

    Raises:
        ValueError: If it is no list of different texts.
    """
    if not isinstance(answers, list) or not answers:
        raise ValueError(
            f'{where}: must be a list of answers that is not empty, but is '
            f'a {type(answers).__name__} without any. Fetch the file again.')
    for number, answer in enumerate(answers):
        nonempty_text(answer, f'{where}, answer {number}')
    repeated = [a for a, count in Counter(answers).items() if count > 1]
    if repeated:
        raise ValueError(f'{where}: must have each answer once, but '
                         f'{repeated[0]!r} is repeated. Fetch the file again.')
    return answers


def _by_number(numbers: Dict[str, int], path: str) -> List[str]:
    if not numbers or any(
            type(number) is not int for number in numbers.values()
    ) or sorted(numbers.values()) != list(range(len(numbers))):
        raise ValueError(
            f'{path}: must hold a dict from answers to the numbers 0, 1, '
            '..., each once, or a list of answers. Fetch the file again.')
    return sorted(numbers, key=numbers.get)


def labels_of(vocab: List[str]) -> Dict[str, int]:
    """Number the answers; blanks around an answer do not matter.

    Args:
        vocab (list[str]): The answers. Where two differ in blanks only, the
            exact one counts, else the first.

    Returns:
        dict[str, int]: Answer without blanks around it -> place.
    """
    labels: Dict[str, int] = {}
    for label, answer in enumerate(vocab):
        if answer == answer.strip():
            labels[answer] = label
    for label, answer in enumerate(vocab):
        labels.setdefault(answer.strip(), label)
    return labels


@HOOKS.register_module()
class AnswerVocabularyHook(Hook):
    """Refuse models, weights and data that number the answers differently.

    * The model must have an output for each answer: ``num_answers`` of the
      config must not be smaller than the vocabulary of the data.
    * Training and validation data must have the same vocabulary.
    * MMEngine writes that of the training data into each checkpoint, as
      ``meta['dataset_meta']['vocab']``. When weights are loaded to be tested
      or to go on with, it must be that of the data, word by word. Weights
      from which a training merely starts (``load_from``) may have other
      answers, which is said in a warning. A checkpoint without a vocabulary,
      such as a converted one, cannot be compared.

    Raises:
        ValueError: If one of these does not hold.
    """

    def before_run(self, runner: Runner) -> None:
        """Compare model and data sets."""
        outputs = list(values_of(runner.cfg.get('model'), 'num_answers'))
        vocabularies = _vocabularies(runner)
        for split, vocab in vocabularies.items():
            if outputs and len(vocab) > max(outputs):
                raise ValueError(
                    f'the model has num_answers={max(outputs)}, but the '
                    f'vocabulary of the {split} data has {len(vocab)} '
                    'answers. Set `num_answers` of the task to at least '
                    'that, or read the vocabulary that belongs to the model.')
        if {'training', 'validation'} <= set(vocabularies):
            difference = _first_difference(vocabularies['validation'],
                                           vocabularies['training'])
            if difference is not None:
                raise ValueError(
                    'the answers of the validation data are not those of '
                    f'the training data: {difference}. Set `vocab_file`, or '
                    '`train_ann_file`, of both to the same file.')

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the answers of a checkpoint with those of the data."""
        meta = checkpoint.get('meta') or {}
        trained_on = (meta.get('dataset_meta') or {}).get('vocab')
        if not trained_on:
            return
        for split, vocab in _vocabularies(runner).items():
            difference = _first_difference(list(trained_on), vocab)
            if difference is None:
                continue
            text = ('the answers of the checkpoint are not those of the '
                    f'{split} data: {difference}. ')
            if split == 'training' and not runner._resume:
                print_log(
                    f'{text}The answer head starts from outputs that stand '
                    'for other answers.', 'current', level=30)
                return
            raise ValueError(
                f'{text}Its outputs would be read as other answers. Use the '
                'annotations of its training, or set `vocab_file` to a list '
                'of its answers.')


def _vocabularies(runner: Runner) -> Dict[str, List[str]]:
    """The vocabularies of the data sets that are used, training first."""
    found = {}
    for split, loop in (('training', runner._train_loop),
                        ('validation', runner._val_loop),
                        ('test', runner._test_loop)):
        dataset = getattr(getattr(loop, 'dataloader', None), 'dataset', None)
        vocab = (getattr(dataset, 'metainfo', None) or {}).get('vocab')
        if vocab:
            found[split] = list(vocab)
    return found


def values_of(config: Any, key: str) -> Iterator[Any]:
    """Give what a config has under a key, at any depth."""
    if isinstance(config, dict):
        for name, value in config.items():
            if name == key:
                yield value
            yield from values_of(value, key)
    elif isinstance(config, (list, tuple)):
        for value in config:
            yield from values_of(value, key)


def _first_difference(first: List[str],
                      second: List[str]) -> Optional[str]:
    if first == second:
        return None
    if len(first) != len(second):
        return f'{len(first)} instead of {len(second)}'
    label = next(i for i, (a, b) in enumerate(zip(first, second)) if a != b)
    differing = sum(a != b for a, b in zip(first, second))
    return (f'{differing} of {len(first)} differ, the first is number '
            f'{label}, {first[label]!r} instead of {second[label]!r}')
