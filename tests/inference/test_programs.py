# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.inference.agreement import example_crops
from image_classification.CFC_SP.inference.bundle import open_bundle
from image_classification.CFC_SP.inference.paddle_program import PaddleProgram
from image_classification.CFC_SP.inference.programs import LocalPredictor
from image_classification.CFC_SP.support.errors import UserError
from tests.leftovers import nothing_left


def test_the_programs_run_in_their_thread_as_they_do_alone(lite):
    bundle = open_bundle(lite)
    predictor, alone = LocalPredictor(bundle, "cpu", precision="float32"), PaddleProgram(bundle, "frame")
    crops = [example_crops(bundle.manifest["crop"]["size"], count) for count in (1, 3)]
    runs = [predictor.begin("frame", batch) for batch in crops]
    for run, batch in zip(runs, crops, strict=True):
        assert run.seconds == 0
        for found, expected in zip(run.result(), alone(batch), strict=True):
            np.testing.assert_array_equal(found, expected)
        assert run.seconds > 0
    assert predictor.status() == {"device": "cpu", "engine": "onednn", "fell_back": False}
    predictor.close()


def test_what_is_refused_leaves_no_thread(lite):
    with nothing_left(), pytest.raises(UserError, match="-engine"):
        LocalPredictor(open_bundle(lite), "cpu", "fast")
