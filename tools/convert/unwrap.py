"""Take the bare model out of a checkpoint of MELTRWrapper.

    python tools/convert/unwrap.py work_dirs/RUN/epoch_30.pth bare.pth

The result loads into the wrapped model's own config, without MELTR. Beside
the weights it has the run's config and answers, for tools/demo.py.
"""
import argparse

import checkout  # noqa: F401
import torch
from weights_file import WeightsFileError, bare, read, state_dict_in

import meltr_mm  # noqa: F401  its shims let MMEngine's checkpoints load

if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('checkpoint')
    parser.add_argument('output')
    args = parser.parse_args()
    try:
        checkpoint = read(args.checkpoint)
        weights = bare(state_dict_in(checkpoint))
    except WeightsFileError as error:
        raise SystemExit(f'{args.checkpoint}: {error}') from None
    meta = checkpoint.get('meta') or {}
    kept = {key: meta[key] for key in ('cfg', 'dataset_meta') if key in meta}
    torch.save(dict(state_dict=weights, meta=kept), args.output)
    print(f'{args.output}: {len(weights)} tensors')
