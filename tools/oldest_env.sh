# Sourced after env.sh: makes .oldest, the oldest declared versions of
# transformers and numpy. With it first on PYTHONPATH they shadow those of
# .venv. Python 3.11 only: the tokenizers of that time have no newer wheel.
oldest="$PWD/.oldest"
oldest_stamp="$oldest/installed-$(cksum < requirements/oldest.txt | cut -d' ' -f1)"
if [ ! -e "$oldest_stamp" ]; then
    echo 'Installing the oldest supported versions into .oldest ...'
    rm -rf "$oldest"
    python -m pip --disable-pip-version-check install -q --target "$oldest" \
        -r requirements/oldest.txt
    touch "$oldest_stamp"
fi
