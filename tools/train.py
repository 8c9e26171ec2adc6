"""MMAction2's `tools/train.py`, with `meltr_mm` importable.

    python tools/train.py --help
"""
from _stock import run_stock_script

if __name__ == '__main__':
    run_stock_script('train.py')
