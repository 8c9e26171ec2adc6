#!/usr/bin/env bash
# The test-suite in its own environment; arguments go to pytest. Without any,
# the tests of existing models (VindLU, BLIP) follow in theirs.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/env.sh

export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}
ruff check .
python -m pytest "$@"

if [ $# -eq 0 ]; then
    source tools/overlay_env.sh
    PYTHONPATH="$overlay" python -m pytest tests/overlay
fi
