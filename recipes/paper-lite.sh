#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The bundle `paper-lite`: the paper's four families in miniature. The networks of `lite` and `lite-fast`, which teach them, are trained
# first.
"$(dirname "${BASH_SOURCE[0]}")/lite.sh" "$@" || exit
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

train paper_swin TRAIN.TEACHERS "$(teachers lite_repvgg_64_last_bias)"
# The bundle that ships goes on from the eleventh epoch of this run.
train paper_swin_continued MODEL.PRETRAINED "$(weights paper_swin)" TRAIN.TEACHERS "$(teachers lite_repvgg_64_last_bias)"
train paper_swin_finished MODEL.PRETRAINED "$(weights paper_swin_continued)" TRAIN.TEACHERS "$(teachers lite_repvgg_64_last_bias)"
train lite_iresnet_flat
train paper_iresnet MODEL.PRETRAINED "$(weights lite_iresnet_flat)" TRAIN.TEACHERS "$(teachers lite_mobilenet_face_88_bias)"
train paper_iresnet_continued MODEL.PRETRAINED "$(weights paper_iresnet)" TRAIN.TEACHERS "$(teachers lite_mobilenet_face_88_bias)"
train paper_hrnet TRAIN.TEACHERS "$(teachers lite_repvgg_64_last_bias)"
train paper_hrnet_continued MODEL.PRETRAINED "$(weights paper_hrnet)" TRAIN.TEACHERS "$(teachers lite_repvgg_64_last_bias)"
train paper_repvgg_negative MODEL.PRETRAINED "$(weights lite_repvgg_64_last_bias)"
licence="Apache-2.0; trained on FER+ (labels MIT; images of FER-2013, for research), IResNet-lite also by lite, which saw faces gathered for research"
ship_cascade paper-lite "$licence" -cfg "$cfc_sp/configs/lite/paper_lite.yaml" -runs "$out"
