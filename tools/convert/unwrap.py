"""Take the bare model out of a checkpoint of MELTRWrapper.

    python tools/convert/unwrap.py work_dirs/RUN/epoch_30.pth bare.pth

The result loads into the wrapped model's own config, without MELTR. Beside
the weights it has the run's config and answers, for tools/demo.py. A config
that asks for more than registered names is refused, unless --allow-type lists
what it asks for.
"""
import argparse

import checkout  # noqa: F401
from weights_file import WeightsFileError, bare, read, save, state_dict_in

import meltr_mm  # noqa: F401  registers what a config may name
from meltr_mm.apis import config_in


def main() -> None:
    """Unwrap as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('checkpoint')
    parser.add_argument('output')
    parser.add_argument(
        '--allow-type', action='append', default=[], metavar='NAME',
        help='a type or module that its config may ask for, though it is not '
        'registered; can be repeated')
    args = parser.parse_args()
    try:
        checkpoint = read(args.checkpoint)
        weights = bare(state_dict_in(checkpoint))
        meta = checkpoint.get('meta') or {}
        kept = {
            key: meta[key] for key in ('cfg', 'dataset_meta') if key in meta
        }
        if 'cfg' in kept:
            config_in(checkpoint, args.checkpoint, args.allow_type)
        save(dict(state_dict=weights, meta=kept), args.output)
    except WeightsFileError as error:
        raise SystemExit(f'{args.checkpoint}: {error}') from None
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    print(f'{args.output}: {len(weights)} tensors')


if __name__ == '__main__':
    main()
