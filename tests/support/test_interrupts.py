# SPDX-License-Identifier: Apache-2.0
import os
import signal

import pytest

from image_classification.CFC_SP.support.interrupts import as_ctrl_c, held_back, on_first_interrupt


@pytest.fixture(autouse=True)
def handlers_as_they_were():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_one_is_a_wish_and_the_second_an_order(number):
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    wishes = []
    with pytest.raises(KeyboardInterrupt), on_first_interrupt(lambda: wishes.append(number)):
        os.kill(os.getpid(), number)
        assert wishes == [number]
        os.kill(os.getpid(), number)
    assert wishes == [number] and signal.getsignal(number) is signal.default_int_handler


def test_what_is_ignored_stays_so():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wishes = []
    with on_first_interrupt(lambda: wishes.append(1)):
        os.kill(os.getpid(), signal.SIGINT)
    assert not wishes and signal.getsignal(signal.SIGINT) == signal.SIG_IGN


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_each_is_as_ctrl_c_and_the_handlers_come_back(number):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), as_ctrl_c():
        os.kill(os.getpid(), number)
    with as_ctrl_c():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_is_held_back_comes_when_the_block_is_over():
    done = []
    with pytest.raises(KeyboardInterrupt), held_back():
        os.kill(os.getpid(), signal.SIGINT)
        done.append(1)
    with held_back():
        done.append(2)
    assert done == [1, 2]
