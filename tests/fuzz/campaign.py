"""Damage files at length, and count what comes out.

    python tests/fuzz/campaign.py --examples 2000

Every reader gets that many damaged sets of files. Printed is how many were
read rightly, how many were refused with one clear error, and each kind of
defect with an example.
"""
import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

import meltr_mm  # noqa: F401  registers everything
from meltr_mm.datasets import feature_datasets

sys.path.insert(0, str(Path(__file__).parent))
from mutations import faults, with_faults  # noqa: E402
from reader_cases import CASES  # noqa: E402
from test_fuzz_readers import check  # noqa: E402


def damage_at_length(name, examples, number):
    """Count the outcomes of one reader; and its defects."""
    counts, defects = Counter(), {}

    @seed(number)
    @settings(max_examples=examples, database=None, deadline=None,
              phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(faults)
    def damage(fault):
        data, file = with_faults(CASES[name].files, fault)
        try:
            counts[check(CASES[name], data)] += 1
        except AssertionError as error:
            counts['defect'] += 1
            text = str(error).split('\n')[0]
            place = error.__cause__
            if place is not None:
                frame = place.__traceback__
                while frame.tb_next is not None:
                    frame = frame.tb_next
                place = (f'{Path(frame.tb_frame.f_code.co_filename).name}:'
                         f'{frame.tb_lineno}')
            defects.setdefault(f'{name} {file} {place}', text[:300])

    damage()
    return counts, defects


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--examples', type=int, default=1000)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--only', nargs='+', choices=CASES, default=CASES)
    args = parser.parse_args()
    feature_datasets.NUM_TRAINING_VIDEOS = 2
    total, found, began = Counter(), {}, time.monotonic()
    for name in args.only:
        counts, defects = damage_at_length(name, args.examples, args.seed)
        print(f'{name}: {dict(counts)}', flush=True)
        total += counts
        found |= defects
    print(json.dumps(found, indent=1, ensure_ascii=False))
    print(f'{dict(total)}, {len(found)} kinds of defects, '
          f'{time.monotonic() - began:.0f} s')
    sys.exit(bool(found))


if __name__ == '__main__':
    main()
