#!/usr/bin/env bash
# The test-suite in an environment of its own; arguments go to pytest. In the
# default one, without any, the tests of existing models (VindLU, BLIP) follow
# in theirs.
# Settings: ENV (one of requirements/environments/, see env.sh), TEST_WORKERS
# (processes, 2).
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/env.sh

# Small models gain more from a second process than from a second thread.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
ruff check .
# A file's tests share what its fixtures make.
python -m pytest -n "${TEST_WORKERS:-2}" --dist loadfile "$@"

if [ $# -eq 0 ] && [ "$ENV" = py311-pinned ]; then
    source tools/overlay_env.sh
    PYTHONPATH="$overlay" python -m pytest tests/overlay
fi
