"""model-index.yml, in the format that OpenMMLab's tools read.

Their own reader loads it in tests/overlay, where it is installed.
"""
from pathlib import Path

import yaml
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / 'configs').glob('meltr_*.py'))


def entries(kind):
    """Collections or models of the root file and of those it imports."""
    root = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    files = [root, *(yaml.safe_load((ROOT / path).read_text())
                     for path in root['Import'])]
    return [entry for file in files for entry in file.get(kind, [])]


MODELS = {model['Name']: model for model in entries('Models')}
COLLECTIONS = {entry['Name']: entry for entry in entries('Collections')}


def test_every_config_is_listed_once():
    listed = [model['Config'] for model in entries('Models')]
    assert sorted(listed) == [str(f.relative_to(ROOT)) for f in CONFIGS]
    assert len(MODELS) == len(listed)


def test_collections():
    for collection in COLLECTIONS.values():
        assert (ROOT / collection['README']).is_file()
        assert collection['Paper']['URL'].startswith('https://')
        assert collection['Paper']['Title']


def test_models_are_those_of_their_configs():
    for name, model in MODELS.items():
        config = ROOT / model['Config']
        assert config.is_file() and config.stem == name
        assert model['In Collection'] in COLLECTIONS
        for result in model['Results']:
            assert set(result) == {'Task', 'Dataset', 'Metrics'}, name
            assert all(isinstance(result[key], str)
                       for key in ('Task', 'Dataset')), name
            assert isinstance(result['Metrics'], dict), name
        cfg = Config.fromfile(str(config))
        metadata = model['Metadata']
        assert metadata['Architecture'] and metadata['Training Data']
        assert metadata['Epochs'] == cfg.train_cfg.max_epochs, name
        assert metadata['Batch Size'] == cfg.train_dataloader.batch_size, name
        assert model['Converted From']['Code'].startswith('https://')
