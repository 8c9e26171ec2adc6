#!/usr/bin/env bash
# From a fresh clone to a trained toy model: environment, generated data,
# training, test, and a summary. Can be run again at any time: what is there
# is reused, and an interrupted training goes on from its last checkpoint.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/env.sh

config=configs/toy/meltr_violet_msvdqa.py
work=work_dirs/toy/meltr_violet_msvdqa

python tools/data/make_toyworld.py --out data/toy --data msvd_qa
python tools/train.py "$config" --work-dir "$work" --resume
python tools/test.py "$config" "$(cat "$work/last_checkpoint")" \
    --work-dir "$work/test"
python tools/analysis/summarize_run.py "$work"
python tools/analysis/show_sample.py "$(cat "$work/last_checkpoint")" \
    --sample 0 7 13
python tools/analysis/report.py "$work"

echo "To go on in this environment: source tools/env.sh"
