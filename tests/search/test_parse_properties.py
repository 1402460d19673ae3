"""What holds for every query."""

from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from mirada.search.parsing.as_json import parsed_as_json
from mirada.search.query import parse
from mirada.types import ParsedQuery

TODAY = date(2024, 5, 15)
STRUCTURE = """
    a an the two three no not and or but with without on in at of to left right next is are that
    under above behind between it one , . : at_least there before after 2019 last year photo of
    un una el la de en sobre y o sin con al lado izquierda derecha hay que encima fondo
""".split()  # noqa: SIM905
THINGS = """
    hen tractor barn girl red wooden old running sleeping ride lantern zyxt gallina burro rojo
    corriendo puente vieja farol
""".split()  # noqa: SIM905
TYPED = ["-hen", '"old barn"', "tag:farm", "date:2019..", "OR", "NOT", "width:>9", "is:x", "left:"]
WORDS = st.lists(st.sampled_from([*STRUCTURE, *THINGS]), max_size=12)
QUERIES = st.lists(st.sampled_from([*STRUCTURE, *THINGS, *TYPED]), max_size=12).map(" ".join)


def meaning(text: str) -> dict[str, object]:
    """The parse without what depends on how it was typed."""
    return _bare(parsed_as_json(parse(text, today=TODAY)))


def _bare(parsed: dict[str, object]) -> dict[str, object]:
    if isinstance(parsed, dict):
        return {key: _bare(one) for key, one in parsed.items() if key not in ("query", "span")}
    return [_bare(one) for one in parsed] if isinstance(parsed, list) else parsed


def said(parsed: ParsedQuery) -> str:
    """All words of a parse."""
    phrases = [one.text for one in (*parsed.phrases, *parsed.negations)]
    values = [one.value for one in parsed.filters]
    deeper = [said(one) for one in parsed.alternatives]
    return " ".join([parsed.scene, *phrases, *values, *deeper])


@given(st.text(max_size=80))
@example("İ" * 3)
@example("¬¬ \ud800 -\x00")
def test_no_text_raises(text: str) -> None:
    parse(text, today=TODAY)


@given(QUERIES)
@example("NOT two")
def test_no_query_raises_and_all_it_refers_to_is_there(text: str) -> None:
    parsed = parse(text, today=TODAY)
    for query in (parsed, *parsed.alternatives):
        for link in query.relations:
            assert all(0 <= one < len(query.phrases) for one in (link.subj, *link.objs))
            assert link.subj not in link.objs
        assert all(one.text and one.head for one in (*query.phrases, *query.negations))


@given(WORDS)
def test_no_content_word_is_lost(words: list[str]) -> None:
    heard = said(parse(" ".join(words), today=TODAY)).split()
    for word in words:
        assert word not in THINGS or word in heard


@given(QUERIES.filter(lambda text: "OR" not in text and "NOT" not in text))
def test_case_does_not_matter(text: str) -> None:
    assert meaning(text.lower()) == meaning(text.upper())


@given(WORDS, st.sampled_from(["  ", "\t", " \n ", "\u00a0"]))
def test_blanks_do_not_matter(words: list[str], blank: str) -> None:
    assert meaning(f"{blank}{blank.join(words)}{blank}") == meaning(" ".join(words))
