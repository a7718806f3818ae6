# SPDX-License-Identifier: Apache-2.0
"""Paddle where there is none, and where there are two; in processes of their own, since this one has one."""

import subprocess
import sys
import textwrap

import pytest


def said(script: str) -> str:
    """What a mistake says that importing Paddle raises after the script."""
    script = textwrap.dedent(script) + textwrap.dedent("""
        from image_classification.CFC_SP.support.errors import UserError
        try:
            from image_classification.CFC_SP.support import quiet_paddle
        except UserError as error:
            print(error)
    """)
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; sys.modules['paddle'] = None", "needs the package paddle, which is not installed: pip install 'cfc-sp[cpu]'"),
        (
            "from image_classification.CFC_SP.support import packages; packages.installed_version = lambda *names: '3.3.1'",
            "expected one Paddle, found paddlepaddle and paddlepaddle-gpu",
        ),
    ],
)
def test_no_paddle_and_two_are_told_in_one_sentence(script, words):
    assert words in said(script)
