"""A property that is made when first asked for, without a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class once(Generic[Value]):  # noqa: N801 it is used as a decorator
    """`functools.cached_property` for objects of one thread.

    Before Python 3.12 that one holds a lock for the whole class while it makes a value, so that
    threads with an object each wait for one another: indexing used one core of two.
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> once[Value]: ...
    @overload
    def __get__(self, owner: object, kind: type) -> Value: ...
    def __get__(self, owner: object | None, kind: type) -> once[Value] | Value:
        if owner is None:
            return self
        value = self._make(owner)
        owner.__dict__[self._name] = value
        return value
