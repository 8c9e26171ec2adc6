#!/usr/bin/env bash
# Test on several processes; _torchrun.sh says how on several machines.
#
#   bash tools/dist_test.sh CONFIG CHECKPOINT GPUS \
#       [arguments of tools/test.py]
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: bash $0 CONFIG CHECKPOINT GPUS" \
        "[arguments of tools/test.py]" >&2
    exit 2
fi
source "$(dirname "$0")/_torchrun.sh"
launch "$3" "$(dirname "$0")/test.py" "$1" "$2" "${@:4}"
