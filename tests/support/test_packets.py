# SPDX-License-Identifier: Apache-2.0
import av
import pytest

from image_classification.CFC_SP.support.packets import packets_of


class Container:
    """Packets 0 to 4; PyAV fails once, after the second."""

    def __init__(self):
        self.numbers = iter(range(5))
        self.failed = False

    def demux(self, stream):
        for number in self.numbers:
            yield number
            if number == 1 and not self.failed:
                self.failed = True
                raise IndexError("list index out of range")


def test_a_packet_of_an_unknown_stream_is_damage_and_reading_goes_on_behind_it():
    container, found = Container(), []
    with pytest.raises(av.InvalidDataError):
        for number in packets_of(container, None):
            found.append(number)
    assert found == [0, 1]
    assert list(packets_of(container, None)) == [2, 3, 4]
