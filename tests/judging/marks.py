"""Judgements made by hand."""

from datetime import UTC, datetime

from mirada.judging.judgements import Judgement

MOMENT = datetime(2026, 5, 17, 10, 30, tzinfo=UTC)


def judgement(
    image_id: str, grade: int, *, judge: str = "ana", query: str = "a cat", query_id: str = "1"
) -> Judgement:
    return Judgement(query_id, query, image_id, grade, judge, MOMENT)
