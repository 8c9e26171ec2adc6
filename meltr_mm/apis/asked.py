"""What is asked about several videos at once."""
from typing import Any, Sequence, Union


def for_each(value: Union[Any, Sequence[Any]], is_one: bool, count: int,
             name: str) -> list:
    """Repeat what is meant for all videos; check what is meant for each.

    Args:
        value (object): One value, or one per video.
        is_one (bool): Which of the two it is.
        count (int): Number of videos.
        name (str): Of the argument, for messages.

    Returns:
        list: One value per video.

    Raises:
        ValueError: If there are not as many values as videos.
    """
    values = [value] * count if is_one else list(value)
    if len(values) != count:
        raise ValueError(f'`{name}` must be one for all videos or one for '
                         f'each of the {count}, but has {len(values)}')
    return values
