# SPDX-License-Identifier: Apache-2.0
from tools.make_api_pages import with_code_blocks


def test_examples_become_code():
    docstring = "What it is.\n\n    >>> a\n    ...   b\n    1\n    >>> c\n    2\n\n    More."
    assert (
        with_code_blocks(docstring) == "What it is.\n\n    ```pycon\n    >>> a\n    ...   b\n    1\n    >>> c\n    2\n    ```\n\n    More."
    )
    assert with_code_blocks("a > b") == "a > b"
