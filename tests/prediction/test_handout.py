# SPDX-License-Identifier: Apache-2.0
"""The order in which clips are handed out, and how often."""

from image_classification.CFC_SP.prediction.handout import MOST_LOST, Handout


def rest(handout):
    return list(iter(handout.next, None))


def test_the_largest_goes_first():
    assert rest(Handout([3, 9, 0, 9, 5])) == [1, 3, 4, 0, 2]
    assert rest(Handout([3, 9, 0], leave_out={1})) == [0, 2]


def test_a_clip_whose_worker_ended_goes_first():
    handout = Handout([1, 2, 3])
    assert handout.next() == 2
    assert handout.worker_ended(2, "m", {"m"}) is None
    assert rest(handout) == [2, 1, 0]


def test_a_clip_with_which_two_workers_ended_is_given_up():
    handout = Handout([1, 2])
    assert handout.worker_ended(handout.next(), "m", {"m", "n"}) is None
    assert "2 workers were ended" in handout.worker_ended(handout.next(), "n", {"m", "n"})
    assert rest(handout) == [0] and handout.unfinished == 1
    handout.done()
    assert handout.unfinished == 0


def test_a_lost_machine_is_not_the_clip_s_fault():
    """Also where its loss is known only later."""
    handout = Handout([1])
    assert handout.worker_ended(handout.next(), "lost", {"lost", "m"}) is None
    assert handout.worker_ended(handout.next(), "m", {"m"}) is None
    assert "2 workers" in handout.worker_ended(handout.next(), "m", {"m"})


def test_a_clip_that_takes_machines_with_it_is_given_up_at_some_time():
    handout = Handout([1])
    for number in range(MOST_LOST - 1):
        assert handout.worker_ended(handout.next(), str(number), ()) is None
    assert "with their machines" in handout.worker_ended(handout.next(), "last", ())
    assert handout.next() is None and handout.unfinished == 0
