#!/usr/bin/env bash
# Train on several processes; _torchrun.sh says how on several machines.
#
#   bash tools/dist_train.sh CONFIG GPUS [arguments of tools/train.py]
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: bash $0 CONFIG GPUS [arguments of tools/train.py]" >&2
    exit 2
fi
source "$(dirname "$0")/_torchrun.sh"
launch "$2" "$(dirname "$0")/train.py" "$1" "${@:3}"
