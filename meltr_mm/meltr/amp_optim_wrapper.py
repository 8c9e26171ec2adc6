"""Bi-level training in mixed precision."""
import math

from mmengine.optim import AmpOptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from mmengine.runner.amp import autocast

from .optim_wrapper import AIDOptimWrapper


@OPTIM_WRAPPERS.register_module()
class AmpAIDOptimWrapper(AIDOptimWrapper, AmpOptimWrapper):
    """AIDOptimWrapper with automatic mixed precision.

    Forward passes of the meta step run under the same autocast. The
    hypergradient is taken on unscaled losses and accumulated in float32.
    MMAction2's ``--amp`` flag refuses wrappers that it does not know, so
    mixed precision is asked for by this type.

    Args:
        loss_scale (str | float | dict): MMEngine's loss scaling.
            Defaults to 'dynamic'.
        dtype (str, optional): Autocast's type. Defaults to the device's.
        **kwargs: As for :class:`AIDOptimWrapper`.

    Raises:
        ValueError: If ``estimator`` is ``'finite_difference'``: differences
            drown in the rounding of low precision.
    """
    auto_tolerance = 5e-2

    def __init__(self, *, estimator: str = 'auto', **kwargs) -> None:
        if estimator == 'finite_difference':
            raise ValueError(
                "estimator 'finite_difference' is for float32: its "
                "differences drown in the rounding of autocast; use 'auto'")
        super().__init__(estimator=estimator, **kwargs)
        # The scaler settles on what M's weighted losses bear. A meta step
        # differentiates the losses themselves, which may bear less.
        self._meta_scale = math.inf

    def _precision(self):
        return autocast(dtype=self.cast_dtype)

    def _scale(self) -> float:
        return min(self.loss_scaler.get_scale(), self._meta_scale)

    def _lower_scale(self) -> bool:
        scale = self._scale()
        if scale <= 1:
            return False
        self._meta_scale = max(1., scale / 4)
        return True

    def state_dict(self) -> dict:
        """State of :class:`AIDOptimWrapper` and of the scaler.

        Returns:
            dict: The largest scale of a meta step is ``aid.meta_scale``.
        """
        state = super().state_dict()
        state['aid']['meta_scale'] = self._meta_scale
        return state

    def load_state_dict(self, state_dict: dict) -> None:
        """Load what :meth:`state_dict` returned.

        Args:
            state_dict (dict): The state, or that of another wrapper.
        """
        super().load_state_dict(state_dict)
        self._meta_scale = state_dict.get('aid', {}).get(
            'meta_scale', math.inf)

    def _scaler_checks(self) -> bool:
        return self.loss_scaler.is_enabled()
