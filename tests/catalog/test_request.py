"""Boxes and periods."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odatis_vre.catalog.request import BBox, read_bbox, read_period

lons, lats = st.floats(-180, 360), st.floats(-90, 90)
boxes = st.builds(lambda w, s, e, n: BBox(w, min(s, n), e, max(s, n)), lons, lats, lons, lats)


@given(boxes, boxes)
def test_boxes_overlap_both_ways_or_lie_apart_both_ways(a, b):
    assert a.overlaps(b) == b.overlaps(a)
    assert a.distance(b) == pytest.approx(b.distance(a))
    assert not (a.overlaps(b) and a.distance(b) > 1e-9)


@given(boxes)
def test_a_box_has_its_width_once(box):
    assert 0 <= box.width <= 360
    assert sum(east - west for west, east in box.spans) == pytest.approx(box.width, abs=1e-6)
    assert all(-180 <= west <= east <= 180 + 1e-9 for west, east in box.spans)


@pytest.mark.parametrize("written", [(-180, -90, 360, 90), (-20, -80, 350, 80), (0, -90, 360, 90)])
def test_a_box_wider_than_the_world_is_the_world(written):
    box = read_bbox(written)
    assert box.width == 360
    assert box.overlaps(BBox(100, 0, 101, 1))
    assert box.overlaps(BBox(-101, 0, -100, 1))
    assert str(box).startswith("180°W – 180°E")


def test_distance_goes_the_short_way_round():
    assert BBox(170, 0, 175, 1).distance(BBox(-175, 0, -170, 1)) == pytest.approx(10)


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        (("1990", "2000"), datetime(1990, 1, 1), datetime(2000, 12, 31, 23, 59, 59, 999999)),
        (("1990-02", "1990-02"), datetime(1990, 2, 1), datetime(1990, 2, 28, 23, 59, 59, 999999)),
        (("2000-02-29", "2000-12"), datetime(2000, 2, 29), datetime(2000, 12, 31, 23, 59, 59, 999999)),
        (("1990-01-01T06:00:00Z", None), datetime(1990, 1, 1, 6), None),
        ((np.datetime64("1990-01-01T06", "ns"), None), datetime(1990, 1, 1, 6), None),
    ],
)
def test_partial_dates_mean_their_first_and_last_instants(written, start, end):
    assert read_period(written) == (start, end)


def test_a_box_and_a_period_read_as_people_write_them():
    assert str(read_bbox((-12, 43, 2, 60))) == "12°W – 2°E, 43°N – 60°N"
    assert str(read_bbox((350, -5, 359, 0))) == "10°W – 1°W, 5°S – 0°"
    assert str(read_period(("1990", None))) == "1990-01-01 – …"
