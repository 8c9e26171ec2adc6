"""Files with faults: valid content, a few changes, and back to bytes."""
import copy
import csv
import io
import json
import pickle

import numpy as np
from hypothesis import strategies as st

PLAIN_EVIL = [
    None, True, False, 0, 1, -1, 7, 10**20, 0.5, 1e308, float('nan'),
    float('inf'), '', ' ', 'x', '0', '²', '9' * 5000, '\0', 'ÿ€', '../x',
    'a\tb', 'a,b', '"', 'a\nb', [], [0], [None], ['x'], {}, {'a': 0}
]
PICKLE_EVIL = PLAIN_EVIL + [
    b'x', (1, ), {1, 2}, np.array(3), np.float32('nan'), np.array(['x']),
    np.array([None, 'x'], object), np.zeros((2, 3)), np.zeros((0, 4)),
    np.full((2, 4), np.inf), np.zeros((2, 4), complex), {0: 1, 'a': 2}
]
BYTES = [b'', b'\xff', b'\0', b'\n', b'"', b',', b'\t', b'\xef\xbb\xbf', b'[',
         b'[' * 5000, b'{"a":' * 2000, b'-', b'\r', b'e9', b'\xc3']


def encode(form, content):
    """Bytes of a file of a form."""
    if form == 'json':
        return json.dumps(content, ensure_ascii=False).encode()
    if form == 'jsonl':
        return b'\n'.join(encode('json', row) for row in content) + b'\n'
    if form in ('csv', 'tsv'):
        file = io.StringIO()
        writer = csv.writer(file, delimiter=',\t'[form == 'tsv'])
        for row in content:
            writer.writerow(row if isinstance(row, list) else [row])
        return file.getvalue().encode()
    if form == 'text':
        return '\n'.join(map(str, content)).encode() + b'\n'
    if form == 'npy':
        file = io.BytesIO()
        np.save(file, np.asarray(content))
        return file.getvalue()
    assert form == 'pickle'
    return pickle.dumps(content)


def decode(form, data):
    """What a file means, by the plainest reading; raises if it is broken."""
    if form == 'pickle':
        return pickle.loads(data)
    if form == 'npy':
        return np.load(io.BytesIO(data))
    text = data.decode('utf-8-sig')
    if form == 'json':
        return json.loads(text)
    if form == 'jsonl':
        return [json.loads(row) for row in io.StringIO(text) if row.strip()]
    if form == 'text':
        return [row.rstrip('\n') for row in io.StringIO(text, newline=None)]
    reader = csv.reader(io.StringIO(text, newline=''),
                        delimiter=',\t'[form == 'tsv'], strict=True)
    return [row for row in reader if row]  # as csv.DictReader reads


def places(tree, found=None):
    """All (container, key) in a tree of lists and dicts."""
    found = [] if found is None else found
    if isinstance(tree, (list, dict)):
        keys = range(len(tree)) if isinstance(tree, list) else list(tree)
        for key in keys:
            found.append((tree, key))
            places(tree[key], found)
    return found


def change_tree(tree, change, evil):
    """Apply one change to a tree; returns the new tree."""
    operation, where, what = change
    value = copy.deepcopy(evil[what % len(evil)])
    spots = places(tree)
    if not spots:
        return value
    container, key = spots[where % len(spots)]
    if operation == 'whole':
        return value
    if operation == 'replace':
        container[key] = value
    elif operation == 'delete':
        del container[key]
    elif operation == 'repeat':
        if isinstance(container, list):
            container.insert(what % (len(container) + 1),
                             copy.deepcopy(container[key]))
        else:
            container[f'{key}x'] = copy.deepcopy(container[key])
    elif operation == 'exchange':
        other, name = spots[what % len(spots)]
        try:
            container[key], other[name] = (copy.deepcopy(other[name]),
                                           copy.deepcopy(container[key]))
        except (IndexError, KeyError):  # one is inside the other
            pass
    elif operation == 'rename' and isinstance(container, dict):
        name = value if isinstance(value, str) else f'{key}_'
        container[name] = container.pop(key)
    return tree


def change_bytes(data, change):
    """Apply one change to bytes; None is a missing file."""
    operation, where, what = change
    at, piece = where % (len(data) + 1), BYTES[what % len(BYTES)]
    size = what % 7 + 1
    if operation == 'cut':
        return data[:at]
    if operation == 'insert':
        return data[:at] + piece + data[at:]
    if operation == 'drop':
        return data[:at] + data[at + size:]
    if operation == 'twice':
        return data[:at] + data[max(at - 40 * size, 0):]
    if operation == 'flip' and at < len(data):
        return data[:at] + bytes([data[at] ^ 1 << what % 8]) + data[at + 1:]
    return None if operation == 'missing' else piece


number = st.integers(0, 10**6)
tree_changes = st.tuples(
    st.sampled_from(['replace', 'replace', 'replace', 'delete', 'repeat',
                     'exchange', 'rename', 'whole']), number, number)
byte_changes = st.tuples(
    st.sampled_from(['cut', 'insert', 'insert', 'drop', 'twice', 'flip',
                     'flip', 'missing', 'only']), number, number)
# Which file, changes of its content, then changes of its bytes.
faults = st.tuples(
    number,
    st.one_of(
        st.tuples(st.lists(tree_changes, min_size=1, max_size=3),
                  st.just([])),
        st.tuples(st.just([]), st.lists(byte_changes, min_size=1,
                                        max_size=2))))


def with_faults(files, fault):
    """Bytes by name of files of which one has faults.

    Args:
        files (dict): ``{name: (form, content)}``.
        fault (tuple): Drawn from ``faults``.

    Returns:
        tuple[dict, str]: The bytes, None for a missing file; the name of the
        one with faults.
    """
    which, (trees, changes) = fault
    names = sorted(files)
    name = names[which % len(names)]
    data = {n: encode(*files[n]) for n in names}
    form, content = files[name]
    content = copy.deepcopy(content)
    for change in trees:
        content = change_tree(
            content, change,
            PICKLE_EVIL if form in ('pickle', 'npy') else PLAIN_EVIL)
    if trees:
        try:
            data[name] = encode(form, content)
        except (TypeError, ValueError):  # cannot be written in this form
            data[name] = b'?'
    for change in changes:
        if data[name] is not None:
            data[name] = change_bytes(data[name], change)
    return data, name
