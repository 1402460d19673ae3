"""What is to be written, by comparison alone."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirada.errors import ConfigError
from mirada.tagging.decisions import Decisions, decide, tag_name
from mirada.tagging.edit import Edit, Present, plan_edit
from mirada.tagging.packet import rewrite
from mirada.types import Caption, Tag
from tests.tagging.indexed import CAPTION, CAT, DOG, SEA, SPANISH, accepted, rejected


def plan(
    *tags: Tag,
    here: Present | None = None,
    elsewhere: Present | None = None,
    captions: tuple[Caption, ...] = (),
    sure: float = 0.7,
) -> Edit:
    return plan_edit(
        tags, captions, here=here, elsewhere=elsewhere or Present(), min_confidence=sure
    )


def after(edit: Edit, *words: str) -> Present:
    """The packet once the edit is made."""
    kept = [word for word in words if word not in edit.remove]
    return Present(keywords=(*kept, *edit.add), notes=edit.notes)


def test_sure_tags_are_added_and_unsure_ones_are_not() -> None:
    edit = plan(DOG, SEA, CAT)
    assert (edit.add, edit.changes) == (("dog", "sea"), True)


def test_an_accepted_tag_is_written_however_unsure_it_is() -> None:
    assert plan(accepted(CAT)).add == ("cat",)


def test_a_rejected_tag_is_not_written_however_sure_it_is() -> None:
    assert plan(rejected(DOG)) == replace(plan(), notes={"dog": (rejected(DOG), False)})


def test_a_keyword_that_is_there_in_any_case_is_not_added_again() -> None:
    edit = plan(DOG, SEA, here=Present(keywords=("Dog",)), elsewhere=Present(keywords=("SEA",)))
    assert (edit.add, edit.present, edit.changes) == ((), ("dog", "sea"), False)


def test_keywords_of_the_photo_are_repeated_in_a_new_packet_only() -> None:
    photo = Present(keywords=("Ana",))
    assert plan(DOG, elsewhere=photo).carried == ("Ana",)
    assert plan(DOG, here=Present(), elsewhere=photo).carried == ()


def test_what_mirada_wrote_goes_once_it_is_rejected() -> None:
    first = plan(DOG, SEA)
    second = plan(rejected(DOG), SEA, here=after(first))
    assert (second.remove, second.add) == (("dog",), ())
    assert second.notes["dog"] == (rejected(DOG), False)


def test_what_others_wrote_stays_though_it_is_rejected() -> None:
    edit = plan(rejected(DOG), here=Present(keywords=("dog",)))
    assert edit.remove == ()


def test_a_second_time_there_is_nothing_to_do() -> None:
    first = plan(DOG, SEA)
    assert plan(DOG, SEA, here=after(first)).changes is False


def test_a_moved_confidence_is_not_worth_a_write() -> None:
    first = plan(DOG)
    assert plan(replace(DOG, confidence=0.95), here=after(first)).changes is False


def test_a_tag_that_the_model_no_longer_sees_stays_written() -> None:
    first = plan(DOG, SEA)
    second = plan(SEA, here=after(first))
    assert (second.remove, second.changes) == ((), False)


def test_a_keyword_that_somebody_took_away_is_not_put_back() -> None:
    first = plan(DOG, SEA)
    emptied = replace(after(first), keywords=("sea",))
    second = plan(DOG, SEA, here=emptied)
    assert second.add == ()
    assert second.notes["dog"][0].state == "rejected"
    third = plan(DOG, SEA, here=replace(emptied, notes=second.notes))
    assert (third.add, third.changes) == ((), False)
    assert plan(accepted(DOG), SEA, here=emptied).add == ("dog",)


def test_a_caption_fills_an_empty_description() -> None:
    edit = plan(captions=(SPANISH, CAPTION))
    assert edit.captions == (CAPTION, SPANISH)
    assert edit.caption == "A dog by the sea."


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_description_by_people_stays(where: str) -> None:
    by_people = Present(description="Max in Varadero")
    edit = plan(captions=(CAPTION,), **{where: by_people})
    assert edit.captions == ()


def test_a_caption_that_mirada_wrote_is_replaced_by_a_better_one() -> None:
    ours = Present(description="A dog.", caption="A dog.")
    assert plan(captions=(CAPTION,), here=ours).captions == (CAPTION,)
    same = Present(description=CAPTION.text, caption=CAPTION.text)
    assert plan(captions=(CAPTION,), here=same).changes is False


def test_an_unsure_caption_is_not_written() -> None:
    assert plan(captions=(CAPTION,), sure=0.9).captions == ()


states = st.sampled_from(["auto", "accepted", "rejected"])
some_tags = st.lists(
    st.builds(Tag, st.sampled_from("abcde"), st.floats(0, 1), st.just("model"), states),
    unique_by=lambda tag: tag.name,
)
some_words = st.lists(st.sampled_from("abcdeXYZ"), unique=True).map(tuple)


@settings(max_examples=50)
@given(some_words, st.lists(some_tags, max_size=4))
def test_keywords_of_others_survive_any_history(
    theirs: tuple[str, ...], histories: list[list[Tag]]
) -> None:
    here = Present(keywords=theirs)
    for tags in histories:
        edit = plan(*tags, here=here)
        assert not set(edit.remove) & set(theirs)
        here = after(edit, *here.keywords)
        assert set(theirs) <= set(here.keywords)
        assert plan(*tags, here=here).changes is False


def test_decisions_change_states_and_add_tags() -> None:
    tags = decide((DOG, CAT), Decisions(accept=("CAT",), reject=("dog",), add=("My  Boat",)))
    assert tags == (
        Tag("my boat", 1.0, "user", "accepted"),
        rejected(DOG),
        accepted(CAT),
    )


def test_a_rejected_tag_can_be_added_again() -> None:
    assert decide((rejected(DOG),), Decisions(add=("dog",))) == (accepted(DOG),)


def test_a_name_needs_a_letter() -> None:
    with pytest.raises(ConfigError, match="needs a name"):
        tag_name(" \n\t")


def test_names_come_without_control_characters() -> None:
    assert tag_name("Golden\nHour\x00") == "golden hour"
    assert b"golden hour" in rewrite(None, plan(Tag("golden hour", 0.9, "model")))
