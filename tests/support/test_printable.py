# SPDX-License-Identifier: Apache-2.0
import io

import pytest

from image_classification.CFC_SP.support.printable import PrintableStream, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\rb\nc\td", "a\\rb\\nc\\td"),
        ("\x9b2J", "\\x9b2J"),
        ("gnp.\u202efdp", "gnp.\\u202efdp"),
        ("\udcff", "\\udcff"),
        ("größe 名 1\u202f2 👩\u200d👧", "größe 名 1\u202f2 👩\u200d👧"),
    ],
)
def test_what_a_terminal_obeys_is_escaped(text, shown):
    assert printable(text) == shown


def test_a_stream_lets_lines_pass_and_bars_where_they_are():
    plain, bars = io.StringIO(), io.StringIO()
    assert PrintableStream(plain).write("a\tb\x1b[A\r\n") == 8
    PrintableStream(bars, for_bars=True).writelines(["\r50%\x1b[A\n", "\x1b[2J"])
    assert plain.getvalue() == "a\tb\\x1b[A\\r\n"
    assert bars.getvalue() == "\r50%\x1b[A\n\\x1b[2J"
    assert PrintableStream(plain).closed is False
