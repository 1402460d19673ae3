from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.search.geometry import POSITIONS, RELATIONS, between, position, relation

if TYPE_CHECKING:
    from numpy.typing import NDArray

Box = tuple[float, float, float, float]

WHOLE: Box = (0, 0, 1, 1)
DIRECTIONS = ("left_of", "right_of", "above", "below")
MIRRORED = {"left": "right", "right": "left", "left_of": "right_of", "right_of": "left_of"}
MIRRORED |= {"top-left": "top-right", "top-right": "top-left"}
MIRRORED |= {"bottom-left": "bottom-right", "bottom-right": "bottom-left"}
SWAPPED = {"left_of": "right_of", "right_of": "left_of", "above": "below", "below": "above"}
SWAPPED |= {"behind": "in_front_of", "in_front_of": "behind"}
SWAPPED |= {name: name for name in ("next_to", "touching", "far_from")}
FREE_OF_SCALE = (*DIRECTIONS, "inside", "outside", "next_to", "touching", "far_from")


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """With sides of at least a twentieth."""
    x0, y0 = draw(st.floats(0, 0.9)), draw(st.floats(0, 0.9))
    return x0, y0, draw(st.floats(x0 + 0.05, 1)), draw(st.floats(y0 + 0.05, 1))


def at(name: str, box: Box) -> float:
    return float(position(name, np.array(box)))


def related(name: str, a: Box, b: Box) -> float:
    return float(relation(name, np.array([a]), np.array([b]))[0, 0])


def amid(a: Box, b: Box, c: Box) -> float:
    return float(between(*(np.array([one]) for one in (a, b, c)))[0, 0, 0])


def mirror(box: Box) -> Box:
    x0, y0, x1, y1 = box
    return 1 - x1, y0, 1 - x0, y1


def moved(box: Box, scale: float, x: float, y: float) -> Box:
    x0, y0, x1, y1 = box
    return x0 * scale + x, y0 * scale + y, x1 * scale + x, y1 * scale + y


def test_a_box_in_the_right_half_is_not_on_the_left() -> None:
    assert at("left", (0.7, 0.2, 0.9, 0.6)) == 0
    assert at("right", (0.7, 0.2, 0.9, 0.6)) == 1


def test_a_box_over_the_whole_width_is_half_left_and_half_right() -> None:
    assert at("left", WHOLE) == pytest.approx(0.5)
    assert at("right", WHOLE) == pytest.approx(0.5)


def test_a_box_that_reaches_into_the_middle_is_less_on_the_left() -> None:
    assert (
        at("left", (0.1, 0, 0.3, 1)) > at("left", (0.1, 0, 0.6, 1)) > at("left", (0.1, 0, 0.9, 1))
    )


def test_a_line_falls_by_half_in_the_middle() -> None:
    assert at("left", (0.35, 0, 0.65, 1)) == pytest.approx(0.5)
    assert at("left", (0.35, 0, 0.5, 1)) == pytest.approx(0.75)


def test_top_is_where_y_is_small() -> None:
    assert at("top", (0.4, 0, 0.6, 0.3)) == 1
    assert at("bottom", (0.4, 0, 0.6, 0.3)) == 0


def test_a_small_box_in_the_middle_is_at_the_center_and_in_no_corner() -> None:
    small = (0.45, 0.45, 0.55, 0.55)
    assert at("center", small) == pytest.approx(1)
    assert at("corner", (0.0, 0.0, 0.2, 0.2)) > 0.9
    assert at("corner", small) < 0.6


def test_a_corner_is_the_one_where_the_box_lies() -> None:
    low_right = (0.75, 0.75, 0.95, 0.95)
    assert at("bottom-right", low_right) > 0.9
    assert [at(name, low_right) for name in ("top-right", "bottom-left", "top-left")] == [0, 0, 0]


def test_what_fills_the_image_is_in_no_corner() -> None:
    assert at("corner", WHOLE) < 0.05


def test_a_large_box_at_the_lower_edge_is_in_front_and_a_small_high_one_behind() -> None:
    near, far = (0.2, 0.3, 0.8, 1.0), (0.4, 0.3, 0.45, 0.4)
    assert at("foreground", near) > 0.9
    assert at("foreground", far) < 0.1
    assert at("background", far) > 0.8
    assert at("background", near) < 0.1


def test_side_by_side_boxes_lie_left_and_right() -> None:
    a, b = (0.1, 0.4, 0.2, 0.5), (0.8, 0.4, 0.9, 0.5)
    assert related("left_of", a, b) > 0.98
    assert related("right_of", a, b) == 0
    assert related("above", a, b) == pytest.approx(related("below", a, b))


def test_diagonal_boxes_lie_half_left_and_half_above() -> None:
    a, b = (0.1, 0.1, 0.2, 0.2), (0.8, 0.8, 0.9, 0.9)
    assert related("left_of", a, b) == pytest.approx(0.5, abs=0.01)
    assert related("above", a, b) == pytest.approx(0.5, abs=0.01)


def test_all_directions_of_a_box_to_itself_are_a_quarter() -> None:
    square = (0.2, 0.3, 0.5, 0.6)
    assert [related(name, square, square) for name in DIRECTIONS] == pytest.approx([0.25] * 4)


def test_a_tall_thing_beside_a_wide_one_is_judged_by_all_of_it() -> None:
    man, wall = (0.0, 0.0, 0.1, 1.0), (0.1, 0.8, 1.0, 1.0)
    assert related("left_of", man, wall) > 0.5 > related("above", man, wall)


def test_a_cup_in_a_box_is_inside_it_and_not_the_other_way_round() -> None:
    cup, box = (0.4, 0.4, 0.5, 0.5), (0.2, 0.2, 0.8, 0.8)
    assert related("inside", cup, box) > 0.95
    assert related("inside", box, cup) < 0.05
    assert related("outside", cup, box) < 0.05


def test_boxes_over_the_same_thing_are_not_inside_each_other() -> None:
    assert related("inside", WHOLE, WHOLE) < 0.5


def test_a_cat_on_a_sofa_stands_on_it_and_the_sofa_not_on_the_cat() -> None:
    cat, sofa = (0.4, 0.3, 0.6, 0.55), (0.1, 0.5, 0.9, 0.9)
    assert related("on", cat, sofa) > 0.7
    assert related("on", sofa, cat) < 0.1
    assert related("in_on", cat, sofa) == related("on", cat, sofa)


def test_a_bird_high_above_a_sofa_is_above_but_not_on_it() -> None:
    bird, sofa = (0.4, 0.0, 0.5, 0.1), (0.1, 0.5, 0.9, 0.9)
    assert related("on", bird, sofa) < 0.05
    assert related("above", bird, sofa) > 0.7


def test_neighbours_are_next_to_each_other_but_what_contains_is_no_neighbour() -> None:
    a, b, far = (0.1, 0.4, 0.3, 0.8), (0.32, 0.4, 0.5, 0.8), (0.85, 0.4, 0.95, 0.8)
    assert related("next_to", a, b) > 0.8
    assert related("next_to", a, far) < 0.2
    assert related("next_to", (0.15, 0.5, 0.25, 0.6), a) < 0.5


def test_touching_ends_soon_and_far_begins_late() -> None:
    a, near, far = (0.1, 0.4, 0.3, 0.6), (0.3, 0.4, 0.5, 0.6), (0.8, 0.4, 1.0, 0.6)
    assert related("touching", a, near) == 1
    assert related("touching", a, far) < 0.01
    assert related("far_from", a, near) == 0
    assert related("far_from", a, far) > 0.6


def test_the_lower_and_larger_is_in_front() -> None:
    near, far = (0.1, 0.3, 0.6, 0.95), (0.5, 0.3, 0.65, 0.6)
    assert related("in_front_of", near, far) > 0.9
    assert related("behind", far, near) > 0.9
    assert related("behind", near, far) < 0.1


def test_the_middle_of_three_lies_between_the_others() -> None:
    a, b, c = (0.0, 0.4, 0.2, 0.6), (0.4, 0.4, 0.6, 0.6), (0.8, 0.4, 1.0, 0.6)
    assert amid(b, a, c) > 0.95
    assert amid(a, b, c) < 0.05
    assert amid((0.4, 0.0, 0.6, 0.1), a, c) < amid(b, a, c) * 0.6


def test_many_images_are_judged_at_once() -> None:
    random = np.random.default_rng(0)
    corner = random.uniform(0, 0.5, (3, 7, 2))
    many = np.concatenate([corner, corner + random.uniform(0.05, 0.5, (3, 7, 2))], -1)
    for name in RELATIONS:
        degrees = relation(name, many[:, :4], many)
        assert degrees.shape == (3, 4, 7)
        assert degrees[2, 1, 5] == pytest.approx(related(name, *many[2, [1, 5]]))
    assert between(many[:, :2], many[:, :3], many[:, :4]).shape == (3, 2, 3, 4)
    assert position("corner", many).shape == (3, 7)


def test_no_boxes_have_no_degrees() -> None:
    none, some = np.zeros((0, 4)), np.zeros((3, 4))
    assert all(relation(name, none, some).shape == (0, 3) for name in RELATIONS)
    assert all(position(name, none).shape == (0,) for name in POSITIONS)


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        position("upstairs", np.zeros((1, 4)))
    with pytest.raises(KeyError):
        relation("between", np.zeros((1, 4)), np.zeros((1, 4)))


def sampled(a: Box, b: Box) -> float:
    """The mean squared cosine of `left_of` over 20 x 20 points of each box."""
    steps = (np.arange(20) + 0.5) / 20

    def points(box: Box) -> NDArray[np.float64]:
        x0, y0, x1, y1 = box
        xs, ys = x0 + (x1 - x0) * steps, y0 + (y1 - y0) * steps
        return np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)

    step = points(b)[None] - points(a)[:, None]
    squares = (step**2).sum(-1)
    return float((np.maximum(step[..., 0], 0) ** 2 / np.maximum(squares, 1e-12)).mean())


@pytest.mark.parametrize("seed", range(8))
def test_the_closed_form_of_directions_agrees_with_sampled_points(seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b = (np.sort(random.uniform(0, 1, (2, 2)), 0).ravel() for _ in range(2))
    assert related("left_of", tuple(a), tuple(b)) == pytest.approx(sampled(a, b), abs=3e-3)


@given(st.sampled_from(sorted(POSITIONS)), boxes())
def test_positions_are_degrees(name: str, box: Box) -> None:
    assert 0 <= at(name, box) <= 1


@given(st.sampled_from(sorted(RELATIONS)), boxes(), boxes())
def test_relations_are_degrees(name: str, a: Box, b: Box) -> None:
    assert 0 <= related(name, a, b) <= 1


@given(st.sampled_from(sorted(RELATIONS)), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_points_and_lines_have_degrees_too(name: str, numbers: list[float]) -> None:
    x, y, width, height = numbers
    for box in ((x, y, x, y), (x, y, x + width, y), (x, y, x, y + height)):
        assert 0 <= related(name, box, WHOLE) <= 1
        assert 0 <= related(name, box, box) <= 1


@given(st.sampled_from(sorted(POSITIONS)), boxes())
def test_in_the_mirror_left_is_right(name: str, box: Box) -> None:
    assert at(MIRRORED.get(name, name), mirror(box)) == pytest.approx(at(name, box), abs=1e-6)


@given(st.sampled_from(sorted(RELATIONS)), boxes(), boxes())
def test_in_the_mirror_left_of_is_right_of(name: str, a: Box, b: Box) -> None:
    seen = related(MIRRORED.get(name, name), mirror(a), mirror(b))
    assert seen == pytest.approx(related(name, a, b), abs=1e-6)


@given(st.sampled_from(sorted(SWAPPED)), boxes(), boxes())
def test_swapped_things_swap_the_relation(name: str, a: Box, b: Box) -> None:
    assert related(SWAPPED[name], b, a) == pytest.approx(related(name, a, b), abs=1e-9)


@given(boxes(), boxes())
def test_the_four_directions_of_a_pair_add_up_to_one(a: Box, b: Box) -> None:
    assert sum(related(name, a, b) for name in DIRECTIONS) == pytest.approx(1, abs=1e-6)


@given(boxes(), boxes(), boxes())
def test_between_does_not_care_which_end_is_which(a: Box, b: Box, c: Box) -> None:
    assert amid(a, b, c) == pytest.approx(amid(a, c, b), abs=1e-6)
    assert 0 <= amid(a, b, c) <= 1


@given(
    st.sampled_from(FREE_OF_SCALE),
    boxes(),
    boxes(),
    st.floats(0.5, 2),
    st.floats(-1, 1),
    st.floats(-1, 1),
)
def test_relations_of_shape_do_not_depend_on_place_or_scale(
    name: str, a: Box, b: Box, scale: float, x: float, y: float
) -> None:
    seen = related(name, moved(a, scale, x, y), moved(b, scale, x, y))
    assert seen == pytest.approx(related(name, a, b), abs=1e-5)


@given(boxes())
def test_whatever_the_image_holds_is_inside_it(box: Box) -> None:
    if (box[2] - box[0]) * (box[3] - box[1]) < 0.2:
        assert related("inside", box, WHOLE) > 0.9
