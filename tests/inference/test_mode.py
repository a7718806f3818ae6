# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from image_classification.CFC_SP.core.labels import EXPR
from image_classification.CFC_SP.inference.bundle import Bundle
from image_classification.CFC_SP.inference.mode import mode_of
from image_classification.CFC_SP.support.errors import UserError

SHARES = dict.fromkeys(EXPR, 0.125)


def bundle(schema=3, kind="decoder", window=30, tau=0.8, shares=SHARES):
    manifest = {"schema": schema, "name": "mine", "sp": {"window": window, "normalizer": "count"}}
    if schema == 3:
        manifest["sp"]["kind"] = kind
        manifest["prior"] = {"tau": tau, "shares": shares}
    return Bundle(None, manifest, "")


@pytest.mark.parametrize(
    ("asked", "kind", "tau", "window"),
    [
        ((), "decoder", 0.8, 30),
        (("decoder", None), "decoder", 0.8, 30),
        (("logits", "data"), "logits", 0.0, 256),
        (("probabilities", "0.5"), "probabilities", 0.5, 16),
        ((None, 0), "decoder", 0.0, 30),
    ],
)
def test_what_is_asked_goes_before_the_manifest(asked, kind, tau, window):
    mode = mode_of(bundle(), *asked)
    assert (mode.kind, mode.tau, mode.window) == (kind, tau, window)
    number, power = mode.inputs
    assert number.tolist() == [["logits", "probabilities", "decoder"].index(kind)] and number.dtype == np.int64
    assert power == np.float32([tau]) and power.dtype == np.float32


def test_a_former_bundle_knows_the_papers_kind_alone():
    former = bundle(schema=2, window=256)
    for asked in ((), ("logits", "data"), (None, 0.0)):
        mode = mode_of(former, *asked)
        assert (mode.kind, mode.tau, mode.window, mode.inputs) == ("logits", 0.0, 256, ())
    for asked in (("decoder", None), (None, 0.5)):
        with pytest.raises(UserError, match="export it again"):
            mode_of(former, *asked)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("median", None), "logits, probabilities, decoder, found 'median'"),
        ((None, "world"), "expected data, or a power from 0 to 2, found 'world'"),
        ((None, "-0.1"), "a power from 0 to 2"),
        ((None, "nan"), "a power from 0 to 2"),
        ((None, 2.5), "a power from 0 to 2"),
    ],
)
def test_mistakes_are_named(asked, words):
    with pytest.raises(UserError, match=words):
        mode_of(bundle(), *asked)


def test_a_prior_needs_shares():
    with pytest.raises(UserError, match="does not hold the class shares of its training data"):
        mode_of(bundle(tau=0.0, shares=None), None, 0.5)
    assert mode_of(bundle(tau=0.0, shares=None)).tau == 0
