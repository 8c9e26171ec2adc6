# Sourced, in the root of a clone, by people, quickstart.sh and run_tests.sh:
# makes the environment ENV, one of requirements/environments/, and puts it
# first on PATH. A second run reuses what is there; an interrupted one is taken
# up again.
#
# Settings:
#   ENV              which one; by default the one for the Python found
#   PYTHON           the interpreter to build it from
#   TORCH_INDEX_URL  where torch comes from, e.g. PyTorch's CPU wheels
if [ -z "${ENV:-}" ]; then
    case $("${PYTHON:-python3}" -c \
        'import sys; print("%d.%d" % sys.version_info[:2])') in
        3.8 | 3.9 | 3.10) ENV=py38-torch2.1 ;;
        3.11 | 3.12) ENV=py311-pinned ;;
        3.13) ENV=py313-newest ;;
        *) echo 'meltr_mm needs Python 3.8 to 3.13; set' \
            'PYTHON=/path/to/python3.11' >&2
            return 1 ;;
    esac
    PYTHON=${PYTHON:-python3}
fi
environment="requirements/environments/$ENV.txt"
if [ ! -e "$environment" ]; then
    echo "ENV must be one of $(cd requirements/environments && ls | \
        sed 's/\.txt//' | paste -sd ' '), but is $ENV" >&2
    return 1
fi
if [ -z "${PYTHON:-}" ]; then
    minor=${ENV#py3}
    minor=${minor%%-*}
    PYTHON=python3.$minor  # py38-torch2.1: python3.8
    export PYENV_VERSION=3.$minor  # for those who have it from pyenv
fi
venv="$PWD/.venv"
[ "$ENV" = py311-pinned ] || venv="$PWD/.venv-$ENV"
stamp="$venv/installed-$(cat setup.py "$environment" requirements/*.txt \
    | cksum | cut -d' ' -f1)"
if [ ! -e "$stamp" ]; then
    # An interactive shell goes on after a failure, so each step returns.
    [ -x "$venv/bin/pip" ] || "$PYTHON" -m venv "$venv" || return
    into_venv() {
        "$venv/bin/python" -m pip --disable-pip-version-check install -q "$@"
    }
    echo "Installing $environment into $venv (two minutes or so) ..."
    # torch first: any package that asks for it by range would otherwise
    # choose the newest build itself. setuptools with it: some build with it.
    into_venv ${TORCH_INDEX_URL:+--index-url "$TORCH_INDEX_URL"} \
        "$(grep -E '^torch(==|$)' "$environment")" || return
    into_venv wheel "$(grep '^setuptools' "$environment")" || return
    into_venv -r <(grep -v -- '--no-deps' "$environment") || return
    # What must not bring its requirements: they are listed above.
    into_venv --no-deps --no-build-isolation \
        -r <(grep -- '--no-deps' "$environment") -r requirements/toy.txt \
        || return
    into_venv -r requirements/tests.txt || return
    into_venv --no-deps -e . || return
    unset -f into_venv
    touch "$stamp"
fi
export PATH="$venv/bin:$PATH"
# glibc would give the pages of every large tensor back and clear new ones for
# the next: an eighth of a training step of the small models on a CPU.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=4294967296
