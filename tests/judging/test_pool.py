"""Pools: whose results they hold, and in which order."""

from hypothesis import given
from hypothesis import strategies as st

from mirada.judging.pool import pool
from mirada.judging.topics import Topic

TOPIC = Topic("1", "a cat")
ids = st.lists(st.sampled_from("abcdefghij"), unique=True)


def test_a_pool_is_the_first_results_of_every_system_each_once() -> None:
    found = pool(TOPIC, [("a", "b", "c"), ("c", "d"), ()], depth=2, seed=0)
    assert sorted(found.image_ids) == ["a", "b", "c", "d"]
    assert sorted(pool(TOPIC, [("a", "b"), ("b", "a")], depth=1, seed=0).image_ids) == ["a", "b"]


@given(st.lists(ids))
def test_the_order_does_not_tell_which_system_found_what(rankings) -> None:
    one = pool(TOPIC, rankings, depth=10, seed=0)
    other = pool(TOPIC, [ranking[::-1] for ranking in rankings[::-1]], depth=10, seed=0)
    assert one == other


@given(ids, ids)
def test_another_system_does_not_change_the_order_of_the_rest(some, more) -> None:
    before = pool(TOPIC, [some], depth=10, seed=0).image_ids
    after = pool(TOPIC, [some, more], depth=10, seed=0).image_ids
    assert [one for one in after if one in before] == list(before)


def test_another_seed_or_query_is_another_order() -> None:
    everything = [tuple("abcdefghijklmnop")]
    orders = {
        pool(topic, everything, depth=16, seed=seed).image_ids
        for topic in (TOPIC, Topic("2", "a dog"))
        for seed in (0, 1)
    }
    assert len(orders) == 4
