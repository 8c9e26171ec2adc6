"""Installs meltr_mm, a plugin for MMAction2."""
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM_FILES = ('tools', 'configs', 'model-index.yml')
EXTRAS = ('toy', 'captions', 'vindlu', 'mmpretrain', 'tests', 'baselines',
          'demo', 'docs', 'tensorboard')


def version() -> str:
    """Read the version from its one place."""
    text = (ROOT / 'meltr_mm' / 'version.py').read_text()
    return re.search(r"__version__ = '(.+)'", text).group(1)


def requirements(name: str) -> list:
    """Read one file of requirements/, without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    lines = [line.split('#')[0].strip() for line in lines]
    return [line for line in lines if line]


class BuildWithMimFiles(build_py):
    """Puts tools and configs into the package, where `mim` looks for them.

    An editable install gets links, so that edits count at once; a built
    package gets copies.
    """

    def run(self):
        """Build, then add ``meltr_mm/.mim``."""
        editable = getattr(self, 'editable_mode', False)
        package = (ROOT if editable else Path(self.build_lib)) / 'meltr_mm'
        mim = package / '.mim'
        # An earlier build may hold files that are gone.
        shutil.rmtree(mim if editable else package, ignore_errors=True)
        super().run()
        mim.mkdir(parents=True)
        for name in MIM_FILES:
            source, target = ROOT / name, mim / name
            if editable:
                target.symlink_to(Path('..', '..', name))
            elif source.is_dir():
                shutil.copytree(
                    source, target,
                    ignore=shutil.ignore_patterns('__pycache__'))
            else:
                shutil.copy(source, target)


setup(
    name='meltr_mm',
    version=version(),
    description='MELTR: learn to combine the losses of video foundation '
    'models, for MMAction2',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='The meltr_mm authors',
    maintainer='The meltr_mm authors',
    url='https://arxiv.org/abs/2303.13009',
    project_urls={
        'Paper': 'https://arxiv.org/abs/2303.13009',
        'MMAction2': 'https://github.com/open-mmlab/mmaction2',
    },
    license='Apache-2.0',
    keywords='video-language, multi-task learning, auxiliary losses, '
    'bi-level optimisation, meta learning, OpenMMLab, MMAction2, MELTR',
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        *(f'Programming Language :: Python :: 3.{minor}'
          for minor in range(8, 14)),
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    packages=find_packages(include=['meltr_mm', 'meltr_mm.*']),
    package_data=dict(meltr_mm=['examples/*.pth']),
    python_requires='>=3.8,<3.14',
    install_requires=requirements('runtime'),
    extras_require=dict(
        {name: requirements(name) for name in EXTRAS},
        mim=requirements('mminstall')),
    cmdclass=dict(build_py=BuildWithMimFiles),
    zip_safe=False)
