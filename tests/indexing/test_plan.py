"""What a run decides to do, from the files found and the files known."""

from pathlib import Path

from mirada.indexing.plan import Link, plan_run
from mirada.types import SourceFile

ROOT = Path("/photos")
A, B = "a" * 64, "b" * 64


def file(name: str, *, size: int = 1, mtime_ns: int = 1) -> SourceFile:
    return SourceFile(ROOT / name, size, mtime_ns)


def test_a_file_with_the_same_size_and_time_is_not_read_again() -> None:
    plan = plan_run([file("x.jpg")], {file("x.jpg"): A}, roots=[ROOT])
    assert (plan.unchanged, plan.to_read, plan.gone, plan.outdated) == (1, (), {}, {})


def test_a_file_with_another_time_is_read_again_and_its_old_link_is_outdated() -> None:
    old, new = file("x.jpg"), file("x.jpg", mtime_ns=2)
    plan = plan_run([new], {old: A}, roots=[ROOT])
    assert plan.to_read == (new,)
    assert plan.outdated == {new.path: (Link(A, old),)}
    assert plan.gone == {}


def test_a_known_file_that_is_not_found_is_gone() -> None:
    plan = plan_run([], {file("x.jpg"): A, file("y.jpg"): A}, roots=[ROOT])
    assert plan.gone == {A: {file("x.jpg"), file("y.jpg")}}


def test_a_known_file_outside_the_roots_is_left_alone() -> None:
    plan = plan_run([], {file("x.jpg"): A}, roots=[ROOT / "holidays", Path("/photo")])
    assert plan.gone == {}


def test_a_known_file_in_a_folder_that_cannot_be_read_is_left_alone() -> None:
    known = {file("locked/deep/x.jpg"): A, file("open/y.jpg"): B}
    plan = plan_run([], known, roots=[ROOT], unreadable=[ROOT / "locked"])
    assert plan.gone == {B: {file("open/y.jpg")}}


def test_a_second_link_left_by_a_killed_run_is_superseded() -> None:
    old, new = file("x.jpg"), file("x.jpg", mtime_ns=2)
    plan = plan_run([new], {old: A, new: B}, roots=[ROOT])
    assert (plan.unchanged, plan.to_read) == (1, ())
    assert (plan.superseded, plan.gone) == ((Link(A, old),), {})


def test_new_files_keep_the_order_of_the_scan() -> None:
    found = [file("b.jpg"), file("a.jpg"), file("c.jpg")]
    assert plan_run(found, {file("a.jpg"): A}, roots=[ROOT]).to_read == (found[0], found[2])
