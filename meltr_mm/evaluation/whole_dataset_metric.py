"""What the metrics of this package share."""
from abc import abstractmethod
from typing import Any, Sequence

from mmengine.evaluator import BaseMetric


class WholeDatasetMetric(BaseMetric):
    """A metric of the whole data set: a part of it is an error.

    Subclasses say in ``items`` what a sample is called, note one in
    :meth:`read` with the help of :meth:`need`, and call
    :meth:`check_complete` before they compute.

    Args:
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the names.
        collect_dir (str, optional): See
            :class:`mmengine.evaluator.BaseMetric`.
    """

    items = 'samples'
    size = 0

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Note what the metric needs of each sample of a batch."""
        self.results += [self.read(sample) for sample in data_samples]

    @abstractmethod
    def read(self, sample: dict) -> Any:
        """Read an entry of what :meth:`compute_metrics` is given.

        Args:
            sample (dict): Prediction of the model.

        Raises:
            ValueError: If a field is absent.
        """

    def evaluate(self, size: int) -> dict:
        """Compute the metrics over the ``size`` samples of all ranks."""
        self.size = size
        return super().evaluate(size)

    def need(self, sample: dict, keys: Sequence[str], remedy: str) -> None:
        """Check that a sample has what the metric reads.

        Args:
            sample (dict): The sample.
            keys (Sequence[str]): Its fields that are read.
            remedy (str): Who sets them.

        Raises:
            ValueError: If one is absent.
        """
        for key in keys:
            if key not in sample:
                raise ValueError(
                    f'{type(self).__name__} needs {key!r} in each sample, '
                    f'but this one has {sorted(sample)}. {remedy}')

    def check_complete(self, results: Sequence[Any]) -> None:
        """Check that each item of the data set has a result.

        Args:
            results (Sequence): One entry per item.

        Raises:
            ValueError: If there are too few.
        """
        if len(results) < self.size:
            raise ValueError(
                f'All {self.size} {self.items} of the dataset must be '
                f'evaluated, but there are results of {len(results)}. Set '
                '`drop_last=False` in the data loader and use '
                "`sampler=dict(type='DefaultSampler', shuffle=False)`.")
