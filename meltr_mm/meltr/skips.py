"""Steps that could not be used: warn, count, and stop in the end."""
import logging
from typing import Dict

from mmengine.logging import print_log

from ..check_options import check_whole


class SkipCounter:
    """Counts steps skipped in a row, by kind.

    Args:
        limit (int): This many in a row are an error.
    """

    def __init__(self, limit: int) -> None:
        check_whole('max_skips', limit)
        self.limit = limit
        self.in_a_row: Dict[str, int] = {}

    def skip(self, kind: str, reason: str) -> None:
        """Warn of a skipped step.

        Args:
            kind (str): What is skipped, such as 'meta step'.
            reason (str): Why.

        Raises:
            FloatingPointError: If it was one too many.
        """
        number = self.in_a_row[kind] = self.in_a_row.get(kind, 0) + 1
        message = f'{reason}: {kind} skipped ({number} in a row)'
        if number >= self.limit:
            raise FloatingPointError(
                f'{message}. Training stops after max_skips={self.limit}; '
                'nothing of these steps went into the weights. Lower the '
                'learning rate, clip gradients, or look at the task named '
                'here; then continue with --resume.')
        print_log(message, 'current', logging.WARNING)

    def succeed(self, kind: str) -> None:
        """Start counting anew after a usable step.

        Args:
            kind (str): What was done.
        """
        self.in_a_row[kind] = 0
