"""Records: frozen data with the manners of dataclasses."""

from __future__ import annotations

import pickle

import pytest

from archdsl.record import Entity, Record, replace, spec


class Point(Record):
    x: int
    y: int = 0


class Place(Point):
    name: str = spec(default="", longest=20)


class Nothing(Record):
    """No fields."""


class Thing(Entity):
    x: int


def test_values_are_given_by_position_and_by_name():
    assert Point(1).values() == {"x": 1, "y": 0}
    assert Point(y=2, x=1) == Point(1, y=2) == Point(1, 2)
    assert Place(1, name="a").values() == {"x": 1, "y": 0, "name": "a"}
    assert Nothing() == Nothing()


@pytest.mark.parametrize(
    ("values", "named", "told"),
    [
        ((), {}, "Point needs x"),
        ((), {"y": 1}, "Point needs x"),
        ((1, 2, 3), {}, "Point takes 2 values, and gets 3"),
        ((1,), {"x": 1}, "Point cannot take x"),
        ((1,), {"z": 1}, "Point cannot take z"),
    ],
)
def test_wrong_values_are_refused(values, named, told):
    with pytest.raises(TypeError, match=told):
        Point(*values, **named)


def test_they_are_frozen():
    point = Point(1)
    with pytest.raises(AttributeError, match="x cannot be set"):
        point.x = 2
    with pytest.raises(AttributeError, match="x cannot be deleted"):
        del point.x


def test_equality_is_by_class_and_values():
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != Place(1, 2)
    assert len({Point(1, 2), Point(1, 2), Place(1, 2), Nothing(), Nothing()}) == 3
    assert Thing(1) != Thing(1)
    assert len({Thing(1), Thing(1)}) == 2


def test_a_changed_copy():
    place = Place(1, 2, "a")
    assert replace(place, y=3) == Place(1, 3, "a")
    assert replace(place) == place
    with pytest.raises(TypeError):
        replace(place, z=3)


def test_they_can_be_sent_elsewhere():
    assert pickle.loads(pickle.dumps(Place(1, 2, "a"))) == Place(1, 2, "a")
