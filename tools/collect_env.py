"""Print what a report of a fault needs: versions, devices, applied shims.

    python tools/collect_env.py
"""
import argparse
import sys
from importlib import metadata
from pathlib import Path
from typing import Dict

# Of packages that own one folder, the ones that are there are shown.
PACKAGES = (
    'torch', 'torchvision', 'numpy', 'mmengine', 'onedl-mmengine', 'mmcv',
    'mmcv-lite', 'mmaction2', 'mmpretrain', 'onedl-mmpretrain', 'transformers',
    'tokenizers', 'opencv-python', 'opencv-contrib-python',
    'opencv-python-headless', 'opencv-contrib-python-headless', 'decord', 'av',
    'scipy', 'setuptools', 'openmim')


def installed() -> Dict[str, str]:
    """Find the versions of the packages that matter here, by name."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    return versions


def meltr_mm_state() -> Dict[str, str]:
    """Import meltr_mm: its version, folder and shims, or why it fails."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    try:
        import meltr_mm
    except Exception as error:
        return {'meltr_mm': f'cannot be imported: {error!r}'}
    shims = meltr_mm.compat.apply()
    return {
        'meltr_mm': f'{meltr_mm.__version__} in '
                    f'{Path(meltr_mm.__file__).parent}',
        'meltr_mm shims': ', '.join(shims) or 'none',
    }


def main() -> None:
    """Print all of it, a line each."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    facts = meltr_mm_state()
    facts.update(installed())
    try:
        from mmengine.utils.dl_utils import collect_env
        facts.update(collect_env())
    except Exception as error:
        facts['MMEngine'] = f'cannot say more: {error!r}'
    for name, value in facts.items():
        print(f'{name}: {value}')


if __name__ == '__main__':
    main()
