#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The paper's Tables 1 to 3 on FER+: lite networks in the places of the paper's. Those of `lite` and `lite-fast` are trained first.
"$(dirname "${BASH_SOURCE[0]}")/lite.sh" "$@" || exit
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

train lite_iresnet_flat
train lite_repvgg_negative MODEL.PRETRAINED "$(weights lite_repvgg_coarse)"
sface=lite_mobilenet_face_88_bias
repvgg=lite_repvgg_64_last_bias
[ -e "$out/tables-ferplus/tables.csv" ] || "$python" "$cfc_sp/cli.py" tables -runs "$out" -dataset ferplus -data "$data" \
    -split test -title FER+ -out "$out/tables-ferplus" -members swin_s_flat=$sface swin_s_coarse=$sface swin_s_negative=$sface \
    hrnet_coarse=$repvgg hrnet_negative=$repvgg iresnet152_coarse=lite_iresnet_flat iresnet152_negative=lite_iresnet_flat \
    repvgg=lite_repvgg
