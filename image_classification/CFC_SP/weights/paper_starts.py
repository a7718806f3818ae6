# SPDX-License-Identifier: Apache-2.0
"""What the paper's networks start from (section 4.1), and where such files come from."""

_ZOO = "which FaceX-Zoo (JDAI-CV/FaceX-Zoo) links in training_mode/README.md"
# By the backbone that a config of the paper names. The paper says MS-Celeb-1M and names no files; these fit its four families.
PAPER_STARTS = {
    "swin_s_abaw": "Swin-S-MS1M-Epoch_17.pdparams, which the authors link in PaddleViT (BR-IDL/PaddleViT), facial_expression/README.md",
    "iresnet152": f"Resnet152-irse, {_ZOO}",
    "hrnet_w18_face": f"HRNet, {_ZOO}",
    "repvgg_b1_face": f"RepVGG_B1, {_ZOO}",
}
