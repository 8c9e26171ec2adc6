"""What tools/data/prepare.py does for every data set: find, count, write."""
import csv
import filecmp
import json
import os
import os.path as osp
import pickle
import shutil
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

from published_counts import as_text, published, verdict


class UnusableError(ValueError):
    """The files cannot be made of what was given."""


class Preparation:
    """The public files of a data set, and the files that are made of them.

    Files are written beside the target first and moved when all are whole and
    all numbers are right, so that a target never has half of them.

    Args:
        source (str): The folder of what was downloaded.
        target (str): The folder that the configs read.
        any_count (bool): Go on where numbers are not the published ones.
        force (bool): Replace files of the target that are different.
    """

    def __init__(self, source: str, target: str, any_count: bool = False,
                 force: bool = False) -> None:
        if not osp.isdir(source):
            raise UnusableError(f'{source}: there is no such folder')
        self.source, self.target = Path(source), Path(target)
        self.any_count, self.force = any_count, force
        self.counts: List[tuple] = []
        self.needs: List[tuple] = []
        self._writers: Dict[str, Callable[[str], Any]] = {}

    # ------------------------------------------------------------- reading

    def find(self, *names: str) -> Optional[str]:
        """Search a file, by any of its names, in all folders of the source.

        Raises:
            UnusableError: If there are two of one name with different content.
        """
        for name in names:
            found = sorted(self.source.rglob(name),
                           key=lambda path: (len(path.parts), path))
            for other in found[1:]:
                if not filecmp.cmp(str(found[0]), str(other), shallow=False):
                    raise UnusableError(
                        f'{found[0]} and {other} are different files of one '
                        'name. Give the folder of the right one as --from.')
            if found:
                return str(found[0])
        return None

    def need(self, *names: str) -> str:
        """Find a file without which nothing can be made."""
        path = self.find(*names)
        if path is None:
            raise UnusableError(
                f'{self.source}: there is no {" or ".join(names)} in it or '
                'its folders. docs/data/ says where the files of each form '
                'are.')
        return path

    def count(self, file: str, split: str, found: int) -> None:
        """Note a number of items, to be compared with the published one."""
        numbers = published(file, split)
        self.counts.append((file, split, found, numbers,
                            verdict(found, numbers, file, split)))

    # ------------------------------------------------------------- writing

    def json(self, name: str, content: Any) -> None:
        """Write a JSON file."""
        self._text(name, lambda file: json.dump(
            content, file, ensure_ascii=False))

    def lines(self, name: str, lines: Iterable[str]) -> None:
        """Write a text file of lines."""
        lines = list(lines)
        self._text(name, lambda file: file.writelines(
            f'{line}\n' for line in lines))

    def json_lines(self, name: str, rows: Iterable[dict]) -> None:
        """Write a file with a JSON object per line."""
        self.lines(name, (json.dumps(row, ensure_ascii=False)
                          for row in rows))

    def table(self, name: str, columns: Sequence[str],
              rows: Iterable[Sequence[str]]) -> None:
        """Write a csv file, with commas."""
        rows = [columns, *rows]
        self._text(name, lambda file: csv.writer(
            file, lineterminator='\n').writerows(rows))

    def pickle(self, name: str, content: dict) -> None:
        """Write a pickle of plain data."""

        def write(path: str) -> None:
            with open(path, 'wb') as file:
                pickle.dump(content, file, protocol=4)

        self._writers[name] = write

    def copy(self, path: str, name: Optional[str] = None) -> None:
        """Take a file over as it is."""
        self._writers[name or osp.basename(path)] = lambda target: (
            shutil.copyfile(path, target))

    def take_large(self, path: str) -> None:
        """Take a file over that is too large to be there twice."""
        name = osp.basename(path)
        if osp.abspath(path) != osp.abspath(self.target / name):
            self._writers[name] = lambda target: os.symlink(
                osp.abspath(path), target)

    def still_needs(self, model: str, name: str, how: str) -> None:
        """Note what a model's config reads and this cannot make."""
        self.needs.append((model, name, how))

    def _text(self, name: str, fill: Callable) -> None:

        def write(path: str) -> None:
            with open(path, 'w', encoding='utf-8', newline='\n') as file:
                fill(file)

        self._writers[name] = write

    # ------------------------------------------------------------- the end

    def finish(self) -> None:
        """Print the numbers, write the files, and list what is missing.

        Raises:
            UnusableError: If a number is wrong, or a file of the target
                differs.
        """
        print(f'{"file":32} {"split":10} {"found":>9}  published')
        for file, split, found, numbers, problem in self.counts:
            print(f'{file:32} {split:10} {found:>9,}  {as_text(numbers)}'
                  f'{"  WRONG" if problem else ""}')
        problems = [row[-1] for row in self.counts if row[-1]]
        if problems and not self.any_count:
            raise UnusableError(
                f'{problems[0]} Nothing was written. If these are data of '
                'your own in the same form, add --any-count.')
        self.target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=str(self.target)) as folder:
            new = self._write(folder)
            for name in new:
                os.replace(osp.join(folder, name), str(self.target / name))
        if not new:
            print(f'{self.target}: nothing had to be done')
        for model, name, how in self.needs:
            if not (self.target / name).exists():
                print(f'{model} still needs {self.target / name}: {how}')

    def _write(self, folder: str) -> List[str]:
        new, different = [], []
        for name, write in self._writers.items():
            path, target = osp.join(folder, name), str(self.target / name)
            write(path)
            if not osp.exists(target):
                new.append(name)
                print(f'{target}: new')
            elif filecmp.cmp(path, target, shallow=False):
                print(f'{target}: was there')
            else:
                new.append(name)
                different.append(target)
        if different and not self.force:
            raise UnusableError(
                f'{different[0]}: is there already and differs from what is '
                f'made of {self.source} (as do {len(different) - 1} other '
                'files). Nothing was written. Choose another --to, or add '
                '--force to replace it.')
        for target in different:
            print(f'{target}: replaced')
        return new
