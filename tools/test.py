"""MMAction2's `tools/test.py`, with `meltr_mm` importable.

    python tools/test.py --help
"""
from _stock import run_stock_script

if __name__ == '__main__':
    run_stock_script('test.py')
