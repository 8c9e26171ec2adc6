"""Where the official losses can be taken as they are, or as meant."""
from dataclasses import dataclass, fields
from typing import Dict, Union


@dataclass(frozen=True)
class LossRules:
    """Switches between the official losses and what they are meant to be.

    The defaults are how the losses are meant; :meth:`of` knows the preset
    'official', which has every switch on and gives the numbers of the
    released code.

    Args:
        count_padding (bool): The two decoder losses also train the model to
            write [PAD] after the end, and average over these positions.
            Defaults to False.
        margin_diagonal (bool): The two max-margin losses compare each pair
            with itself too, which adds the constant 2 margin / B, and
            average over B^2 instead of B (B - 1) pairs. Defaults to False.
        text_to_video_only (bool): The two alignment losses look for the
            video of each text, and not for the text of each video.
            Defaults to False.
    """

    count_padding: bool = False
    margin_diagonal: bool = False
    text_to_video_only: bool = False

    @classmethod
    def of(cls, rules: Union[str, Dict[str, bool]]) -> 'LossRules':
        """Make the rules that a config names.

        Args:
            rules (str or dict): 'default', 'official', or a dict of switches
                (those left out have their default).

        Returns:
            LossRules: The rules.

        Raises:
            ValueError: If there is no such preset or switch.
        """
        switches = [field.name for field in fields(cls)]
        if rules == 'default':
            return cls()
        if rules == 'official':
            return cls(**dict.fromkeys(switches, True))
        if not isinstance(rules, dict) or set(rules) - set(switches):
            raise ValueError(
                f"loss_rules must be 'default', 'official' or a dict of "
                f'{switches}, but got {rules!r}')
        return cls(**rules)
