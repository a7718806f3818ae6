# SPDX-License-Identifier: Apache-2.0
from image_classification.CFC_SP.support.threads import set_thread_counts, usable_cores


def test_what_a_person_has_set_stays():
    environment = {"OMP_NUM_THREADS": "7"}
    set_thread_counts(environment)
    assert environment["OMP_NUM_THREADS"] == "7" and environment["OPENCV_FOR_THREADS_NUM"] == "1"


def test_one_thread_a_core_that_may_be_used():
    environment = {}
    set_thread_counts(environment)
    assert int(environment["OMP_NUM_THREADS"]) == usable_cores() >= 1
