"""What the transforms of this package share."""
from inspect import signature

from mmcv.transforms import BaseTransform


class Transform(BaseTransform):
    """A transform that shows itself as it is written in a config.

    It keeps each of its options under the option's name.
    """

    def __repr__(self) -> str:
        options = ', '.join(f'{name}={getattr(self, name)!r}'
                            for name in signature(type(self)).parameters)
        return f'{type(self).__name__}({options})'
