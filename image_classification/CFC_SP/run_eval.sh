#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Scores what run_train.sh trained on Aff-Wild2's validation videos: a stage by itself, or both as the cascade that was submitted.
# usage: run_eval.sh STAGE DATA [WORD ...]
#   STAGE  coarse, negative, or cascade
#   DATA   Aff-Wild2's folder
#   WORD   more options of evaluate.py, such as -window 0 or -submission files
# OUT holds the runs (default: output) and receives scores/ and the networks' logits. PYTHON names the interpreter.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${OUT:-output} networks=()
case ${1:-} in
    coarse | cascade) networks+=(-coarse "$out"/{swin_s,iresnet152,hrnet}_coarse/best.safetensors) ;;
esac
case ${1:-} in
    negative | cascade) networks+=(-negative "$out/repvgg_negative/best.safetensors") ;;
esac
if [ ${#networks[@]} = 0 ] || [ ! -e "${2:-}" ]; then
    echo "usage: $0 coarse|negative|cascade DATA [WORD ...]; expected Aff-Wild2 at DATA, found ${2:-no word}" >&2
    exit 2
fi
"${PYTHON:-python}" "$here/evaluate.py" "${networks[@]}" -dataset affwild2 -data "$2" -cache "$out/logits" -out "$out/scores" "${@:3}"
