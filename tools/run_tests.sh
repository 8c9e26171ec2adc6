#!/usr/bin/env bash
# The test-suite in its own environment; arguments go to pytest. Without any,
# the tests of existing models (VindLU, BLIP) follow in theirs.
# Settings: TEST_WORKERS (processes, 2), OLDEST=1 (with the oldest supported
# transformers and numpy).
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/env.sh

# Small models gain more from a second process than from a second thread.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
# A file's tests share what its fixtures make; full-size models are in one. In
# their own order that one comes first, and short ones last.
workers=(-n "${TEST_WORKERS:-2}" --dist loadfile --no-loadscope-reorder)
if [ -n "${OLDEST:-}" ]; then
    source tools/oldest_env.sh
    export PYTHONPATH="$oldest"
fi
ruff check .
python -m pytest "${workers[@]}" "$@"

if [ $# -eq 0 ] && [ -z "${OLDEST:-}" ]; then
    source tools/overlay_env.sh
    PYTHONPATH="$overlay" python -m pytest tests/overlay
fi
