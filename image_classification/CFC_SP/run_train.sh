#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trains the paper's networks of one stage on Aff-Wild2, one after the other. A run that was ended goes on, one that is done stays.
# usage: run_train.sh STAGE DATA [KEY VALUE ...]
#   STAGE  coarse (Swin-S, IResNet-152, HRNet) or negative (RepVGG)
#   DATA   Aff-Wild2's folder, as `cfc-sp prepare` leaves it
#   KEY VALUE  config keys for every training, such as TRAIN.BATCH_SIZE 64
# WEIGHTS names a folder of files to start from, called as the networks: swin_s.pdparams, iresnet152.pt, hrnet.pt, repvgg.pt.
# OUT receives a folder for every run (default: output). GPUS trains on so many (default: 1). PYTHON names the interpreter.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case ${1:-} in
    coarse) networks=(swin_s iresnet152 hrnet) ;;
    negative) networks=(repvgg) ;;
    *) networks=() ;;
esac
if [ ${#networks[@]} = 0 ] || [ ! -e "${2:-}" ]; then
    echo "usage: $0 coarse|negative DATA [KEY VALUE ...]; expected Aff-Wild2 at DATA, found ${2:-no word}" >&2
    exit 2
fi
stage=$1 data=$2 out=${OUT:-output} script=(main_single_gpu.py)
[ "${GPUS:-1}" = 1 ] || script=(main_multi_gpu.py -processes "$GPUS")
for network in "${networks[@]}"; do
    run=${network}_$stage resume=() start=()
    [ -e "$out/$run/config.yaml" ] && resume=(-resume)
    for file in ${WEIGHTS:+"$WEIGHTS/$network".*}; do
        [ -e "$file" ] && start=(MODEL.PRETRAINED "$file")
    done
    "${PYTHON:-python}" "$here/${script[0]}" "${script[@]:1}" -cfg "$here/configs/$run.yaml" -output "$out" "${resume[@]}" \
        -opts DATA.ROOT "$data" "${start[@]}" "${@:3}"
done
