"""Every transform that looks something up in a file, likewise."""
import base64
import io

import numpy as np
from PIL import Image
from reader_cases import CASES, Case, whole

from meltr_mm.datasets import transforms


def transform(name, files, expect, show, kind, samples, **options):
    """Add the case of a transform that looks something up in a file."""

    def read(folder):
        built = getattr(transforms, kind)(**{
            key: str(folder / value) if key.endswith('_file') else value
            for key, value in options.items()})
        return [built.transform(dict(sample)) for sample in samples]

    CASES[name] = Case(files, read, expect, show)


def vectors(value):
    value = np.asarray(value)
    assert value.ndim == 2 and value.shape[1] == 4
    assert value.dtype.kind in 'fiu'
    assert np.isfinite(value).all() and len(value)
    assert np.abs(value).max() < 1e38
    return value.astype(np.float32)


def features(table):
    found = []
    for name in ('a', 'b'):
        value = vectors(table[name])[:3]
        found.append(np.pad(value, ((0, 3 - len(value)), (0, 0))).tolist())
    return found


def mapped(files):
    index, rows = files['f.json'], files['f.npy']
    assert list(rows.shape) == [index['rows'], index['width']]
    table = {}
    for name in ('a', 'b'):
        first, count = index['videos'][name]
        whole(first, len(rows)), whole(count, len(rows) - first + 1)
        table[name] = rows[first:first + count]
    return features(table)


FEATURES = dict(a=np.ones((2, 4), np.float32), b=np.ones((4, 4), np.float32))
TWO = [dict(feature_id='a', video_id='a'), dict(feature_id='b', video_id='b')]
transform('features', {'f.pickle': ('pickle', FEATURES)},
          lambda files: features(files['f.pickle']),
          lambda s: s['imgs'].tolist(), 'LoadVideoFeatures', TWO,
          feature_file='f.pickle', max_frames=3, feature_dim=4)
transform('features_mapped', {
    'f.npy': ('npy', np.ones((6, 4), np.float32)),
    'f.json': ('json', dict(rows=6, width=4, videos=dict(a=[0, 2],
                                                         b=[2, 4])))},
          mapped, lambda s: s['imgs'].tolist(), 'LoadVideoFeatures', TWO,
          feature_file='f.npy', max_frames=3, feature_dim=4)


def codes(value):
    value = np.asarray(value)
    assert value.shape == (2, 1, 1) and value.dtype.kind in 'iu'
    assert value.min() >= 0 and value.max() < 9
    return value.tolist()


CODES = np.arange(4).reshape(2, 2, 1, 1)
IMAGES = [np.zeros((4, 4, 3), np.uint8)] * 2
CODED = [dict(video_id=v, imgs=IMAGES) for v in 'ab']
transform('codes', {'c.pkl': ('pickle', dict(a=list(CODES[0]), b=CODES[1]))},
          lambda files: [codes(files['c.pkl'][v]) for v in 'ab'],
          lambda s: s['vq_codes'].tolist(), 'LoadVQCodes', CODED,
          vq_file='c.pkl', num_codes=9, cell=4)


def mapped_codes(files):
    names = files['c.json']
    assert isinstance(names, list) and len(set(names)) == len(names)
    assert files['c.npy'].ndim == 4 and len(files['c.npy']) == len(names)
    return [codes(files['c.npy'][names.index(v)]) for v in 'ab']


transform('codes_mapped', {'c.npy': ('npy', CODES),
                           'c.json': ('json', ['a', 'b'])},
          mapped_codes, lambda s: s['vq_codes'].tolist(), 'LoadVQCodes', CODED,
          vq_file='c.npy', num_codes=9, cell=4)


def jpeg():
    file = io.BytesIO()
    Image.new('RGB', (4, 4), 'red').save(file, 'JPEG')
    return base64.b64encode(file.getvalue()).decode()


def jpegs(files):
    shapes = []
    for video in 'ab':
        frames = files['img.pkl'][video]
        assert isinstance(frames, (list, tuple)) and len(frames) == 2
        shapes.append([
            (4, 4, 3) for frame in frames
            if Image.open(io.BytesIO(base64.b64decode(frame))).convert('RGB')])
    return shapes


transform('jpegs', {'img.pkl': ('pickle', dict(a=[jpeg()] * 2,
                                               b=[jpeg()] * 2))},
          jpegs, lambda s: [image.shape for image in s['imgs']],
          'DecodeJPEGFrames', [dict(video_id=v) for v in 'ab'],
          img_file='img.pkl', clip_len=2)
