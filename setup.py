"""Installs meltr_mm, a plugin for MMAction2."""
import re
import shutil
import sys
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent


def version() -> str:
    """Read the version from its one place."""
    text = (ROOT / 'meltr_mm' / 'version.py').read_text()
    return re.search(r"__version__ = '(.+)'", text).group(1)


def requirements(name: str) -> list:
    """Read one file of requirements/, without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    lines = [line.split('#')[0].strip() for line in lines]
    return [line for line in lines if line]


def link_mim_files() -> None:
    """Put tools and configs where `mim` looks for them.

    An editable install gets links, so that edits count at once; a built
    package gets copies, which MANIFEST.in and package_data ship.
    """
    building = {'sdist', 'bdist_wheel', 'build', 'install'} & set(sys.argv)
    mim = ROOT / 'meltr_mm' / '.mim'
    mim.mkdir(exist_ok=True)
    for name in ('tools', 'configs', 'model-index.yml'):
        source, target = ROOT / name, mim / name
        if target.is_symlink() or target.is_file():
            target.unlink()
        elif target.is_dir():
            shutil.rmtree(target)
        if not building:
            target.symlink_to(Path('..', '..', name))
        elif source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)


link_mim_files()
EXTRAS = {
    name: requirements(name)
    for name in ('toy', 'captions', 'vindlu', 'mmpretrain', 'tests', 'bench')
}
setup(
    name='meltr_mm',
    version=version(),
    description='MELTR: learn to combine the losses of video foundation '
    'models, for MMAction2',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['meltr_mm', 'meltr_mm.*']),
    package_data={'meltr_mm': ['.mim/**/*', '.mim/*']},
    include_package_data=True,
    python_requires='>=3.11,<3.13',
    install_requires=requirements('runtime'),
    extras_require=EXTRAS | {
        'all': sorted({r for reqs in EXTRAS.values() for r in reqs})
    },
    zip_safe=False)
