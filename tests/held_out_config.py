"""A config with the lines by which a page keeps data out of training."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / 'docs' / 'hypergradient.md'


def held_out_config(folder: Path, base: Path) -> Path:
    """Write the config of ``docs/hypergradient.md`` with another base.

    Args:
        folder (Path): Where it is written.
        base (Path): A toy config.

    Returns:
        Path: The config.
    """
    block, = re.findall(
        r'^```python\n(_base_ = [^`]*meta_dataloader=[^`]*)```',
        PAGE.read_text(), re.M)
    path = folder / f'held_out_{base.name}'
    path.write_text(re.sub(r'^_base_ = .*', f'_base_ = {str(base)!r}', block))
    return path
