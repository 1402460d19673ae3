"""The embedded captioner keeps to the contract of all captioners."""

import pytest

from mirada.models.captioners import SmallCaptioner
from mirada.models.small import SmallEncoder
from mirada.testing import CaptionerContract


class TestSmallCaptioner(CaptionerContract):
    @pytest.fixture
    def captioner(self) -> SmallCaptioner:
        return SmallCaptioner()

    @pytest.fixture
    def encoder(self) -> SmallEncoder:
        return SmallEncoder()
