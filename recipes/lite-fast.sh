#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The bundle `lite-fast`: RepVGG-lite on 64 px, from random weights and FER+ alone.
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

train lite_repvgg_flat
train lite_repvgg_coarse
train lite_repvgg_distilled MODEL.PRETRAINED "$(weights lite_repvgg_coarse)" TRAIN.TEACHERS "$(teachers lite_repvgg_flat)"
train lite_repvgg_robust MODEL.PRETRAINED "$(weights lite_repvgg_distilled)"
make_run lite_repvgg_mean average_weights -shares 60 40 -data "$data" \
    -weights "$(weights lite_repvgg_distilled)" "$(weights lite_repvgg_robust)"
train lite_repvgg_64 MODEL.PRETRAINED "$(weights lite_repvgg_mean)" TRAIN.TEACHERS "$(teachers lite_repvgg_flat lite_repvgg_robust)"
# Its last epoch is the one that bears disturbances best; by validation scores the epochs can hardly be told apart.
make_run lite_repvgg_64_last take_epoch -run "$out/lite_repvgg_64"
fit_bias lite_repvgg_64_last
ship lite-fast lite_repvgg_64_last_bias "Apache-2.0; trained on FER+ (labels MIT; images of FER-2013, for research)"
