# Sourced by quickstart.sh and run_tests.sh: makes .venv with the pinned set
# and puts it first on PATH. A second run reuses what is there; an interrupted
# one is taken up again. Settings: PYTHON (the interpreter to build it from),
# TORCH_INDEX_URL (where torch comes from, e.g. PyTorch's CPU wheels).
PYTHON=${PYTHON:-python3}
"$PYTHON" - <<'CHECK' || exit 1
import sys
if not (3, 11) <= sys.version_info[:2] < (3, 13):
    sys.exit('meltr_mm needs Python 3.11 or 3.12, but PYTHON is '
             f'{sys.version.split()[0]}; set PYTHON=/path/to/python3.11')
CHECK

venv="$PWD/.venv"
stamp="$venv/installed-$(cat setup.py requirements/*.txt | cksum | cut -d' ' -f1)"
if [ ! -e "$stamp" ]; then
    [ -x "$venv/bin/pip" ] || "$PYTHON" -m venv "$venv"
    pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }
    echo 'Installing the pinned set into .venv (two minutes or so) ...'
    # torch first: any package that asks for it by range would otherwise
    # choose the newest build itself.
    pip install -q ${TORCH_INDEX_URL:+--index-url "$TORCH_INDEX_URL"} \
        "$(grep '^torch==' requirements/pinned.txt)"
    pip install -q -r requirements/pinned.txt
    # It asks for sentence-transformers, which nothing here needs.
    pip install -q --no-deps -r requirements/toy.txt
    pip install -q -r requirements/tests.txt
    pip install -q --no-deps --no-build-isolation -e .
    touch "$stamp"
fi
export PATH="$venv/bin:$PATH"
# glibc would give the pages of every large tensor back and clear new ones for
# the next: an eighth of a training step of the small models on a CPU.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=4294967296
