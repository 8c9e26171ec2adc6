"""The frame of a video-text model: three modes, and losses by name."""
from abc import ABCMeta, abstractmethod
from typing import Any, Callable, Dict, List, Optional, Sequence, Union

from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel
from torch import Tensor

MODES = ('loss', 'predict', 'tensor')


class VideoTextModel(BaseModel, metaclass=ABCMeta):
    """A model with several losses and one target task.

    A subclass reads its inputs in :meth:`batch_of` and says what each mode
    computes of them.

    Args:
        data_preprocessor (dict or nn.Module, optional): One of MMAction2's.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(self,
                 data_preprocessor: Optional[Dict] = None,
                 init_cfg: Optional[Dict] = None) -> None:
        # BaseModel asks MMEngine's own registry, which finds MMAction2's
        # preprocessor only where a runner has set the default scope.
        if isinstance(data_preprocessor, dict):
            data_preprocessor = MODELS.build(data_preprocessor)
        super().__init__(data_preprocessor, init_cfg)

    def forward(
        self,
        inputs: Tensor,
        data_samples: Optional[Sequence[ActionDataSample]] = None,
        mode: str = 'tensor',
        losses: Optional[Sequence[str]] = None
    ) -> Union[Any, Dict[str, Tensor], List[ActionDataSample]]:
        """Run the model.

        Args:
            inputs (Tensor): What the model reads; see :meth:`batch_of`.
            data_samples (Sequence[ActionDataSample]): B samples.
            mode (str): 'loss', 'predict' or 'tensor' (default).
            losses (Sequence[str], optional): In loss mode, compute these
                only. Defaults to None: all.

        Returns:
            dict, list or Any: Scalar losses by name, in the model's order;
            the samples with predictions; or :meth:`outputs`.

        Raises:
            ValueError: If a shape, mode or loss name is not one of the
                model's, or a needed field is absent.
        """
        if mode not in MODES:
            raise ValueError(f'mode must be one of {MODES}, but got {mode!r}')
        batch = self.batch_of(inputs, data_samples, mode)
        if mode == 'loss':
            return self.loss(batch, losses)
        if mode == 'predict':
            return self.predict(batch)
        return self.outputs(batch)

    def loss(self,
             batch: Any,
             losses: Optional[Sequence[str]] = None) -> Dict[str, Tensor]:
        """Compute losses by name, and nothing else.

        Args:
            batch (Any): The batch, of :meth:`batch_of`.
            losses (Sequence[str], optional): Names. Defaults to all.

        Returns:
            dict[str, Tensor]: Scalars, in the order of
            :meth:`loss_functions`.

        Raises:
            ValueError: If a name is not among them.
        """
        functions = self.loss_functions()
        names = list(functions) if losses is None else list(losses)
        unknown = [name for name in names if name not in functions]
        if unknown:
            raise ValueError(
                f'losses must be among {list(functions)}, but got {unknown}')
        return {
            name: function(batch)
            for name, function in functions.items() if name in names
        }

    @abstractmethod
    def batch_of(self, inputs: Tensor,
                 data_samples: Optional[Sequence[ActionDataSample]],
                 mode: str) -> Any:
        """Read a batch.

        Args:
            inputs (Tensor): Videos, (B, *).
            data_samples (Sequence[ActionDataSample], optional): B samples.
            mode (str): Of :meth:`forward`.

        Returns:
            Any: The batch, from which each thing is computed once.
        """

    @abstractmethod
    def loss_functions(self) -> Dict[str, Callable[[Any], Tensor]]:
        """Name the losses: functions of a batch, in order."""

    @abstractmethod
    def predict(self, batch: Any) -> List[ActionDataSample]:
        """Write predictions into the data samples and return them."""

    @abstractmethod
    def outputs(self, batch: Any) -> Any:
        """Compute what the target task predicts from."""
