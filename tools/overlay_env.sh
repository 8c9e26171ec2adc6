# Sourced after env.sh: makes .overlay, the packages that MMAction2's VindLU
# and mmpretrain's BLIP need in older versions than the rest. With it first
# on PYTHONPATH they shadow those of .venv.
overlay="$PWD/.overlay"
overlay_stamp="$overlay/installed-$(cksum < requirements/overlay.txt \
    | cut -d' ' -f1)"
if [ ! -e "$overlay_stamp" ]; then
    echo 'Installing the overlay environment into .overlay ...'
    rm -rf "$overlay"
    overlay_pip() {
        python -m pip --disable-pip-version-check install -q \
            --target "$overlay" "$@"
    }
    overlay_pip -r <(grep -v -- '--no-deps' requirements/overlay.txt) \
        || return
    overlay_pip --no-deps -r <(grep -- '--no-deps' requirements/overlay.txt) \
        || return
    # numpy stays that of .venv: compiled packages there were built with it.
    rm -rf "$overlay"/numpy*
    touch "$overlay_stamp"
fi
