"""Packages: built, installed without network, and found complete."""
import email
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from meltr_mm.packaged import packaged_names, packaged_path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ('setup.py', 'pyproject.toml', 'MANIFEST.in', 'LICENSE', 'README.md',
           'CHANGELOG.md', 'CITATION.cff', 'model-index.yml', 'requirements',
           'tools', 'configs', 'meltr_mm')
EXTRAS = sorted((ROOT / 'requirements').glob('*.txt'))
ENVIRONMENTS = sorted((ROOT / 'requirements' / 'environments').glob('*.txt'))


def run(*command, **kwargs):
    result = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True,
        timeout=300, **kwargs)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def files_under(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob('*')
            if path.is_file() and '__pycache__' not in path.parts}


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """An sdist, and the wheel that is built from it."""
    source = tmp_path_factory.mktemp('source')
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, source / name,
                ignore=shutil.ignore_patterns('.mim', '__pycache__'))
        else:
            shutil.copy(ROOT / name, source / name)
    pytest.importorskip('build')
    run('-m', 'build', '--no-isolation', cwd=source)
    sdist, = (source / 'dist').glob('*.tar.gz')
    wheel, = (source / 'dist').glob('*.whl')
    return sdist, wheel


def test_both_packages_install_offline_and_hold_the_same(built, tmp_path):
    sdist, wheel = built
    installed = []
    for package in built:
        folder = tmp_path / package.suffix
        run('-m', 'pip', 'install', '-q', '--no-index', '--no-deps',
            '--no-build-isolation', '--target', folder, package)
        installed.append(files_under(folder / 'meltr_mm'))
    assert installed[0] == installed[1]
    expected = files_under(ROOT / 'meltr_mm') | {
        f'.mim/{folder}/{name}' for folder in ('tools', 'configs')
        for name in files_under(ROOT / folder)} | {'.mim/model-index.yml'}
    assert installed[0] == expected

    folder = tmp_path / wheel.suffix
    name = 'configs/toy/meltr_violet_msvdqa.py'
    code = ('import sys; from mmengine.config import Config; '
            'print(Config.fromfile(sys.argv[1]).model.type)')
    env = dict(os.environ, PYTHONPATH=str(folder))
    path = run('-m', 'meltr_mm.packaged', name, cwd=tmp_path, env=env).strip()
    assert path == str(folder / 'meltr_mm' / '.mim' / name)
    assert run('-c', code, path, cwd=tmp_path, env=env).split() == [
        'MELTRWrapper']


def test_metadata(built):
    with zipfile.ZipFile(built[1]) as wheel:
        name, = (n for n in wheel.namelist() if n.endswith('/METADATA'))
        metadata = email.message_from_string(wheel.read(name).decode())
    assert metadata['Author'] == 'The meltr_mm authors'
    assert set(metadata['Requires-Python'].split(',')) == {'>=3.8', '<3.14'}
    assert metadata['Keywords'] and metadata.get_all('Project-URL')
    minors = re.findall(r'Python :: 3\.(\d+)',
                        ' '.join(metadata.get_all('Classifier')))
    assert minors == ['8', '9', '10', '11', '12', '13']
    required, extra = [], []
    for line in metadata.get_all('Requires-Dist'):
        package = re.match(r'[\w.-]+', line)[0]
        if 'extra == "mim"' not in line:
            (extra if 'extra ==' in line else required).append(package)
    # Two packages in one folder, and another build of torch.
    owned_by_forks = {'mmcv', 'mmcv-lite', 'mmengine', 'opencv-python'}
    assert not owned_by_forks & {*required, *extra}
    assert not {'torch', 'torchvision', 'timm'} & set(extra)


@pytest.mark.parametrize('file', EXTRAS, ids=lambda file: file.stem)
def test_no_extra_asks_for_a_newer_torch_than_ours(file):
    """Which pip would put in the place of the one that is installed."""
    names = [re.split(r'[\s#;]', line)[0]
             for line in file.read_text().splitlines()
             if '--no-deps' not in line]
    waiting = [Requirement(name).name for name in names if name]
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            needs = metadata.requires(name) or ()
        except metadata.PackageNotFoundError:
            continue
        for need in map(Requirement, needs):
            if need.marker and not need.marker.evaluate({'extra': ''}):
                continue
            assert need.name != 'torch' or '2.1.0' in need.specifier, name
            waiting.append(need.name)


@pytest.mark.parametrize('file', ENVIRONMENTS, ids=lambda file: file.stem)
def test_an_environment_has_one_opencv_and_one_of_each(file):
    lines = [re.split(r'[\s#]', line)[0]
             for line in file.read_text().splitlines()]
    versions = dict(re.match(r'([\w.-]*)(.*)', line).groups()
                    for line in lines if line)
    assert versions['opencv-python'] == versions['opencv-contrib-python']
    assert len({'mmcv', 'mmcv-lite'} & set(versions)) == 1
    assert len({'mmengine', 'onedl-mmengine'} & set(versions)) == 1


def test_what_is_not_there_is_answered_with_what_is():
    assert 'tools/train.py' in packaged_names()
    with pytest.raises(FileNotFoundError, match='meltr_violet_msvdqa'):
        packaged_path('configs/toy/meltr_violet_msvd.py')


def test_the_workflow_runs_every_environment():
    workflow = yaml.safe_load(
        (ROOT / '.github' / 'workflows' / 'tests.yml').read_text())
    matrix = workflow['jobs']['tests']['strategy']['matrix']['include']
    assert sorted(row['env'] for row in matrix) == [
        file.stem for file in ENVIRONMENTS]
    for row in matrix:
        assert row['env'].startswith('py' + row['python'].replace('.', ''))
