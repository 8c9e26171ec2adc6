"""OpenMMLab's own reader, which comes with the overlay, accepts our index."""
from pathlib import Path

import modelindex

ROOT = Path(__file__).resolve().parents[2]


def test_model_index_is_valid():
    index = modelindex.load(str(ROOT / 'model-index.yml'))
    assert index.check(silent=True) == []
    configs = {model.config for model in index.models}
    assert configs == {str(f.relative_to(ROOT))
                       for f in (ROOT / 'configs').glob('meltr_*.py')}
