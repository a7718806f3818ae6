# SPDX-License-Identifier: Apache-2.0
"""How often one address may ask."""

from image_classification.CFC_SP.serving.rate_limit import RateLimit


def test_an_address_has_so_many_a_minute_and_gets_them_back_with_time():
    now = [0.0]
    limit = RateLimit(60, lambda: now[0])
    assert [limit.wait_s("a") for _ in range(61)] == [0] * 60 + [2]
    assert limit.wait_s("b") == 0
    now[0] = 1.0
    assert [limit.wait_s("a"), limit.wait_s("a")] == [0, 2]
    now[0] = 3600.0
    assert [limit.wait_s("a") for _ in range(61)].count(0) == 60


def test_many_addresses_take_no_memory():
    limit = RateLimit(1, lambda: 0.0)
    for number in range(30_000):
        limit.wait_s(str(number))
    assert len(limit._left) == 10_000


def test_0_is_any_number():
    assert not any(RateLimit(0).wait_s("a") for _ in range(1000))
