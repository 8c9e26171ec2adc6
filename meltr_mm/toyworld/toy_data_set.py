"""How every toy data set is written, whatever its files are."""
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, Mapping, Optional

from .clips import SPLITS, imagine_clips
from .folder import write_folder

# Number of clips of each split, unless told otherwise.
SIZES = dict(train=1000, val=60, test=160)


@dataclass(frozen=True)
class ToyDataSet:
    """A toy data set; calling it writes its files.

    Attributes:
        name (str): Its name.
        version (int): Raised when the same arguments give other files than
            before.
        fill (Callable): Writes the files: takes the folder, what ``imagine``
            returned, ``progress`` and the options.
        imagine (Callable): Chooses what is to be seen, from seed and sizes.
            Defaults to :func:`~meltr_mm.toyworld.clips.imagine_clips`.
        options (Mapping[str, int]): The options that ``fill`` takes, with
            their defaults; the module of the data set tells what they are.

    Examples:
        >>> from meltr_mm.toyworld import write_youcook2
        >>> write_youcook2('data/toy/youcook2', feature_dim=32)
        True
    """

    name: str
    version: int
    fill: Callable[..., None]
    imagine: Callable[[int, Dict[str, int]], Any] = imagine_clips
    options: Mapping[str, int] = field(default_factory=dict)

    def __call__(self,
                 root: str,
                 seed: int = 0,
                 sizes: Optional[Mapping[str, int]] = None,
                 progress: Callable[[list], Iterable] = iter,
                 **options: int) -> bool:
        """Write the data set, unless a former call did the same.

        Args:
            root (str): The folder.
            seed (int): Decides everything. Defaults to 0.
            sizes (Mapping[str, int], optional): Number of clips of
                ``'train'``, ``'val'`` and ``'test'``. Defaults to 1000, 60
                and 160.
            progress (Callable): Wraps the list of clips or videos, to show
                progress, e.g. ``tqdm``. Defaults to ``iter``.
            **options (int): In the place of defaults in ``options``.

        Returns:
            bool: Whether anything was written.

        Raises:
            FileExistsError: See
                :func:`~meltr_mm.toyworld.folder.write_folder`.
            TypeError: If an option is not among ``options``.
        """
        unknown = options.keys() - self.options.keys()
        if unknown:
            raise TypeError(
                f'{self.name}: options must be among {sorted(self.options)}, '
                f'but got {sorted(unknown)}')
        options = {**self.options, **options}
        sizes = {split: (sizes or SIZES)[split] for split in SPLITS}
        arguments = dict(
            version=self.version,
            dataset=self.name,
            seed=seed,
            sizes=sizes,
            **options)

        def fill(folder: str) -> None:
            self.fill(
                folder, self.imagine(seed, sizes), progress=progress,
                **options)

        return write_folder(root, arguments, fill)
