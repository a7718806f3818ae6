# SPDX-License-Identifier: Apache-2.0
# The steps that the recipes share. Every step is left out when what it makes is there; a training that was ended goes on.
# usage: recipes/NAME.sh DATA [OUT [KEY VALUE ...]]
#   DATA  FER+: its zip or unpacked folder
#   OUT   receives a folder for every run (default: output)
#   KEY VALUE  config keys for every training, such as TRAIN.EPOCHS 1
# PYTHON names the interpreter (default: that of .venv at the repository's root, or python).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cfc_sp=$root/image_classification/CFC_SP
python=${PYTHON:-$root/.venv/bin/python}
[ -x "$python" ] || python=$(command -v "${PYTHON:-python}")

if [ $# -lt 1 ] || [ ! -e "$1" ]; then
    echo "usage: $0 DATA [OUT [KEY VALUE ...]]; expected FER+ at DATA, found ${1:-no word}" >&2
    exit 2
fi
data=$1
out=${2:-output}
options=("${@:3}")
mkdir -p "$out"

weights() { # RUN: its best weights
    echo "$out/$1/best.safetensors"
}

teachers() { # RUN ...: their best weights as a value of TRAIN.TEACHERS
    local run list=
    for run in "$@"; do
        list="$list${list:+, }'$(weights "$run" | sed "s/'/''/g")'"
    done
    echo "[$list]"
}

train() { # RUN [KEY VALUE ...]
    local run=$1 resume=()
    [ -e "$out/$run/.trained" ] && return
    [ -e "$out/$run/config.yaml" ] && resume=(-resume)
    "$python" "$cfc_sp/main_single_gpu.py" -cfg "$cfc_sp/configs/lite/$run.yaml" -output "$out" "${resume[@]}" \
        -opts DATA.ROOT "$data" "${@:2}" "${options[@]}"
    touch "$out/$run/.trained"
}

make_run() { # RUN TOOL [WORD ...]: the run that a tool makes of others
    [ -e "$(weights "$1")" ] || "$python" "$root/tools/$2.py" -out "$out/$1" "${@:3}"
}

fit_bias() { # RUN: RUN_bias, with a bias for its classes
    make_run "$1_bias" fit_class_bias -weights "$(weights "$1")" -data "$data"
}

port() { # NAME [WORD ...]: NAME.safetensors, weights to start from
    [ -e "$out/$1.safetensors" ] || "$python" "$root/tools/port_$1.py" -out "$out/$1.safetensors" "${@:2}"
}

ship() { # BUNDLE RUN LICENCE: the bundle of one flat network in both stages
    ship_cascade "$1" "$3" -coarse "$(weights "$2")" -negative "$(weights "$2")"
}

ship_cascade() { # BUNDLE LICENCE WORD ...: the bundle of the networks that the words name, and its scores on the validation split
    local bundle=$out/bundles/$1
    [ -e "$bundle/manifest.yaml" ] || "$python" "$cfc_sp/export_model.py" "${@:3}" -calibrate "$data" -licence "$2" -out "$bundle"
    [ -e "$out/scores/$1/evaluate.csv" ] || "$python" "$cfc_sp/evaluate.py" -bundle "$bundle" -data "$data" -split val -out "$out/scores/$1"
}
