#!/usr/bin/env bash
# The test-suite in its own environment; arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/env.sh

export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}
ruff check .
python -m pytest "$@"
