"""The one kind of error that is the user's to mend."""

from .addresses import clean_text
from .printable import printable


class UserError(Exception):
    """A mistake or a fault outside the program: the message says what was expected, what was found and what to do.

    Entry scripts print it as one line on standard error and exit with code 2; anything else is our own fault and shows its traceback.
    As text it holds no password of an address and nothing that a terminal would obey.

    >>> from cfc_sp import UserError
    >>> try:
    ...     recognizer.video("no.mp4")
    ... except UserError as error:
    ...     print("no.mp4" in str(error))
    True
    """

    def __str__(self) -> str:
        return printable(clean_text(super().__str__()))
