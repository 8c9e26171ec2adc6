# Sourced by dist_train.sh and dist_test.sh.
#
# launch PROCESSES SCRIPT [arguments]: run a script on this machine's share of
# the processes, one per GPU (without GPUs: on the CPU, with gloo). Several
# machines: run it on each with NNODES, NODE_RANK and MASTER_ADDR (and
# MASTER_PORT) set; docs/get_started.md says what else they need.
launch() {
    local processes=$1 code=0
    shift
    PYTHONPATH="$(dirname "$0")/..:${PYTHONPATH:-}" torchrun \
        --nnodes="${NNODES:-1}" \
        --node_rank="${NODE_RANK:-0}" \
        --master_addr="${MASTER_ADDR:-127.0.0.1}" \
        --master_port="${MASTER_PORT:-29500}" \
        --nproc_per_node="$processes" \
        "$@" --launcher pytorch || code=$?
    if [ $code -ne 0 ] && [ "${NNODES:-1}" -gt 1 ]; then
        echo "Machine ${NODE_RANK:-0} of $NNODES has ended with code $code," \
            'by an error above or because another machine is gone. Repair' \
            'that one, then start all of them again with --resume.' >&2
    fi
    return $code
}
