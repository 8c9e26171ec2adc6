"""Files that would run something if they were believed."""
import os
import pickle
from pathlib import Path

import torch


class Runs:
    """Unpickled the ordinary way, it makes a file called ``marker``."""

    def __init__(self, folder):
        self.marker = Path(folder) / 'marker'

    def __reduce__(self):
        return os.system, (f'touch {self.marker}', )


def write_pickle(path, content=None):
    """A data pickle with a call in it."""
    Path(path).write_bytes(
        pickle.dumps(dict(content or {}, more=Runs(Path(path).parent))))
    return str(path)


def write_weights(path, content=None):
    """A file of torch.save with a call in it."""
    content = dict(content or dict(state_dict=dict(w=torch.zeros(1))))
    torch.save(dict(content, more=Runs(Path(path).parent)), path)
    return str(path)


def write_config(path, checkpoint, form):
    """A good checkpoint, but for the config in it."""
    content = torch.load(checkpoint, weights_only=True)
    text = content['meta']['cfg']
    call = f'touch {Path(path).parent / "marker"}'
    if form == 'code':
        text = f'import os\nos.system({call!r})\n{text}'
    else:
        step = f"dict(type='os.system', command={call!r})"
        before = dict(pipeline='pipeline=[', model='model=dict(')[form]
        name = 'more=' if form == 'model' else ''
        text = text.replace(before, f'{before}{name}{step}, ', 1)
        assert step in text
    content['meta']['cfg'] = text
    torch.save(content, path)
    return str(path)
