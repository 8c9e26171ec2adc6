"""Train the models that come with the package, for ``demo.py --example``.

    python tools/data/make_examples.py

For each of four configs of configs/toy: draws its data set, trains (4 to 8
minutes on one core; goes on where an interrupted call stopped), takes the bare
model out with tools/convert/unwrap.py, and writes it small into
meltr_mm/examples: weights of 16 bits, words that the training never reads
alike, the archive compressed. tools/test.py then tests what was written.
"""
import argparse
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Set

import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from meltr_mm.apis.example import EXAMPLES  # noqa: E402
from meltr_mm.datasets.transforms.tokenizing import load_tokenizer  # noqa: E402, E501
from meltr_mm.safe_checkpoints import load_torch_file  # noqa: E402

_TEXTS = ('question', 'caption', 'captions', 'text')
# Whatever the day, the same weights make the same file.
_DAY = (2000, 1, 1, 0, 0, 0)


def run(script: str, *arguments: object) -> None:
    """Run a script of this repository, and stop if it fails."""
    command = [sys.executable, str(ROOT / 'tools' / script),
               *map(str, arguments)]
    subprocess.run(command, check=True, cwd=str(ROOT))


def words_of(dataset: Dict[str, Any], tokenizer: str) -> Set[int]:
    """List the words that a data set says, as numbers of a tokenizer.

    Args:
        dataset (dict): Its config.
        tokenizer (str): See ``load_tokenizer``.

    Returns:
        set[int]: Those of all texts, and the special ones.
    """
    init_default_scope('mmaction')
    items = DATASETS.build(dict(dataset, pipeline=[]))
    samples = map(items.get_data_info, range(len(items)))
    texts = {text for sample in samples for key in _TEXTS if key in sample
             for text in ([sample[key]] if isinstance(sample[key], str)
                          else sample[key])}
    read = load_tokenizer(tokenizer)
    ids = set(read.all_special_ids)
    for row in read(sorted(texts))['input_ids']:
        ids |= set(row)
    return ids


def smaller(weights: Dict[str, torch.Tensor],
            words: Set[int]) -> Dict[str, torch.Tensor]:
    """Halve the weights, and give words that were never read their mean.

    Args:
        weights (dict[str, Tensor]): Of a bare model.
        words (set[int]): Those that were read.

    Returns:
        dict[str, Tensor]: Floats of 16 bits.
    """
    size = max(len(value) for name, value in weights.items()
               if name.endswith('word_embeddings.weight'))
    unread = torch.ones(size, dtype=torch.bool)
    unread[list(words)] = False
    small = {}
    for name, value in weights.items():
        if value.is_floating_point():
            value = value.clone()
            if value.ndim and len(value) == size:
                value[unread] = value[unread].mean(0)
            value = value.half()
        small[name] = value
    return small


def compress(path: Path) -> None:
    """Compress a file of ``torch.save``, which torch reads all the same."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, _DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def export(checkpoint: Path, config: Path, output: Path) -> None:
    """Make a small file of a checkpoint, with its config but no local paths.

    Args:
        checkpoint (Path): Of a run.
        config (Path): What it was trained with.
        output (Path): The file to write.
    """
    run('convert/unwrap.py', checkpoint, output)
    content = load_torch_file(output)
    cfg = Config.fromfile(str(config))
    words = words_of(cfg.train_set, cfg.tokenizer)
    content['state_dict'] = smaller(content['state_dict'], words)
    text = content['meta']['cfg']
    data = os.environ.get('MELTR_DATA', 'data')
    for local, general in ((f'{data}/', 'data/'),
                           (str(checkpoint.parent), cfg.work_dir)):
        text = text.replace(local, general)
    content['meta']['cfg'] = text
    torch.save(content, output)
    compress(output)
    print(f'{output}: {output.stat().st_size / 1e6:.2f} MB')


def make(name: str, runs: Path, output: Path) -> None:
    """Train one model and export it.

    Args:
        name (str): A key of ``EXAMPLES``.
        runs (Path): Folder of the runs.
        output (Path): Folder of the results.
    """
    config = ROOT / 'configs' / 'toy' / f'{EXAMPLES[name]}.py'
    work_dir = runs / EXAMPLES[name]
    root = Path(Config.fromfile(str(config)).data_root)
    run('data/make_toyworld.py', '--out', root.parent, '--data', root.name)
    run('train.py', config, '--work-dir', work_dir, '--resume')
    checkpoint = Path((work_dir / 'last_checkpoint').read_text().strip())
    export(checkpoint, config, output / f'{name}.pth')
    run('test.py', config, output / f'{name}.pth', '--work-dir',
        work_dir / 'test')


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Make the examples of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    names: List[str] = list(EXAMPLES)
    parser.add_argument('names', nargs='*', metavar='NAME',
                        help=f'which of {names} (default: all)')
    parser.add_argument('--runs', type=Path, metavar='DIR',
                        default=ROOT / 'work_dirs' / 'examples',
                        help='where to train (default: %(default)s)')
    parser.add_argument('--out', type=Path, metavar='DIR',
                        default=ROOT / 'meltr_mm' / 'examples',
                        help='where to write (default: %(default)s)')
    args = parser.parse_args(arguments)
    unknown = set(args.names) - set(names)
    if unknown:
        parser.error(f'there is no example {min(unknown)!r}, only {names}')
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.names or names:
        make(name, args.runs.resolve(), args.out)


if __name__ == '__main__':
    main()
