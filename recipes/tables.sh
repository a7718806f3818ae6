#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The paper's Tables 1 to 4 with its four families in miniature, on FER+ pictures and on the clips that stand in for Aff-Wild2: under the
# data's own prior, and with the one taken out that `lite` takes out. The networks of `paper-lite` are trained first.
"$(dirname "${BASH_SOURCE[0]}")/paper-lite.sh" "$@" || exit
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

clips=$out/stand-in
[ -e "$clips/simulation.json" ] || "$python" "$cfc_sp/cli.py" stand-in -data "$data" -clips 10 -out "$clips"
[ -e "$clips/crops.csv" ] || "$python" "$cfc_sp/cli.py" prepare -video "$clips/videos" -data "$clips" -size 48 -align none

members=(repvgg_coarse=lite_repvgg_64_last_bias repvgg_negative=paper_repvgg_negative)
for stage in flat coarse negative; do
    members+=("swin_s_$stage=paper_swin_finished")
done
for stage in coarse negative; do
    members+=("iresnet152_$stage=paper_iresnet_continued" "hrnet_$stage=paper_hrnet_continued")
done

tables() { # NAME DATASET DATA SPLIT TITLE: the tables of NAME and of NAME-prior
    local name prior=()
    for name in "$1" "$1-prior"; do
        [ -e "$out/tables/$name/tables.csv" ] || "$python" "$cfc_sp/cli.py" tables -runs "$out" -dataset "$2" -data "$3" -split "$4" \
            -title "$5" -members "${members[@]}" "${prior[@]}" -out "$out/tables/$name"
        prior=(-prior_of lite)
    done
}

tables ferplus ferplus "$data" test FER+
tables stand-in-val affwild2 "$clips" val "FER+ clips, a simulation"
tables stand-in affwild2 "$clips" test "FER+ clips, a simulation"
