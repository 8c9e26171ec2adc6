# Sourced after env.sh: makes .overlay, the packages that MMAction2's VindLU
# and mmpretrain's BLIP need in older versions than the rest. With it first
# on PYTHONPATH they shadow those of .venv.
overlay="$PWD/.overlay"
overlay_stamp="$overlay/installed-$(cat requirements/vindlu.txt \
    requirements/mmpretrain.txt | cksum | cut -d' ' -f1)"
if [ ! -e "$overlay_stamp" ]; then
    echo 'Installing the overlay environment into .overlay ...'
    rm -rf "$overlay"
    overlay_pip() {
        python -m pip --disable-pip-version-check install -q \
            --target "$overlay" "$@"
    }
    # The last two are mmpretrain's, whose other requirements .venv has.
    overlay_pip "$(grep '^transformers==' requirements/vindlu.txt)" \
        modelindex mat4py
    overlay_pip --no-deps "$(grep '^timm==' requirements/vindlu.txt)" \
        -r requirements/mmpretrain.txt
    # numpy stays that of .venv: compiled packages there were built with it.
    rm -rf "$overlay"/numpy*
    touch "$overlay_stamp"
fi
