# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.config import load_config
from image_classification.CFC_SP.support.errors import UserError


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("STAGE fine", "coarse, negative, flat, found 'fine'"),
        ("DATA.TARGETS hard", "votes, single"),
        ("MODEL.NAME resnet", "repvgg_lite"),
        ("MODEL.IN_CHANNELS 2", "1, 3, found 2"),
        ("MODEL.NORMALIZE none", "image, imagenet"),
        ("SP.NORMALIZER mean", "count, window"),
        ("CASCADE.NEGATIVE_SCOPE some", "routed, all"),
        ("AUG.FLIP -0.1", "-0.1"),
        ("TRAIN.EMA_DECAY 1.0", "below 1, found 1.0"),
        ("MODEL.DROPOUT 1", "below 1, found 1.0"),
        ("TRAIN.BATCH_SIZE 0", "more than 0, found 0"),
        ("DATA.CROP_SIZE -48", "more than 0, found -48"),
        ("TRAIN.EPOCHS 2", "found 2.0: lower TRAIN.WARMUP_EPOCHS to 0.2, or raise TRAIN.EPOCHS"),
        ("TRAIN.ACCUMULATE 3", "TRAIN.ACCUMULATE 3 must divide TRAIN.BATCH_SIZE 128"),
        ("TRAIN.KEEP 0", "more than 0, found 0"),
        ("MODEL.INPUT_SIZE 8", "MODEL.INPUT_SIZE for repvgg_lite: expected 16 px or more, found 8"),
        ("MODEL.INPUT_SIZE 50 MODEL.NAME swin_lite", "expected 32 px or more, a multiple of 4, found 50"),
        ("MODEL.DROP_PATH 0.1", "MODEL.DROP_PATH: expected 0, since repvgg_lite has no drop path, found 0.1"),
        ("SP.WINDOW -1", "found -1"),
        ("SP.KIND median", "logits, probabilities, decoder, found 'median'"),
        ("PRIOR.TAU -0.5", "a power from 0 to 2, found -0.5"),
        ("PRIOR.TAU 0.5", "needs the classes' shares, found none: add PRIOR.SHARES"),
        ("PRIOR.SHARES [0.5,0.5]", "expected 8 numbers above 0 and at most 1, found [0.5, 0.5]"),
        ("PRIOR.SHARES [1,1,1,1,1,1,1,0]", "expected 8 numbers above 0"),
        ("CASCADE.COARSE [swin_s_coarse,../secret]", "expected names of folders such as swin_s_coarse, without a path, found '../secret'"),
        ("CASCADE.NEGATIVE [/etc]", "found '/etc'"),
        ("CASCADE.NEGATIVE [..]", "found '..'"),
        ("CASCADE.NEGATIVE [7]", "found 7"),
        ("TRAIN.TEACHERS [1]", "expected a list of paths, found [1]"),
        ("MODEL.FROZEN [1]", "MODEL.FROZEN: expected a list of names, found [1]"),
        ("TRAIN.TEACHER_SHARE 1.5", "expected a number from 0 to 1, found 1.5"),
        ("TRAIN.TEACHER_TEMPERATURE 0", "more than 0, found 0"),
        ("TRAIN.LOGIT_ADJUSTMENT -1", "0 or more, found -1"),
    ],
)
def test_rules_are_checked_by_name(tmp_path, options, found):
    (tmp_path / "mine.yaml").write_text("")
    with pytest.raises(UserError) as error:
        load_config(tmp_path / "mine.yaml", options.split())
    assert options.split()[0] in str(error.value)
    assert found in str(error.value)
