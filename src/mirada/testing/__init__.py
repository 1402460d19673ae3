"""What every store and every model must keep to, as tests for the authors of plug-ins.

Inherit a contract in a test module of pytest and give it the fixture it asks for:

    class TestMyEncoder(EncoderContract):
        @pytest.fixture
        def encoder(self) -> Encoder:
            return MyEncoder()
"""

from mirada.testing.captioners import CaptionerContract
from mirada.testing.detectors import DetectorContract
from mirada.testing.encoders import EncoderContract, GroundedContract, MapEncoderContract
from mirada.testing.readers import TextReaderContract
from mirada.testing.records import DIM, ENCODER, SEEN_AT, described, file_at, record_of, unit
from mirada.testing.rerankers import RerankerContract
from mirada.testing.segmenters import SegmenterContract
from mirada.testing.stores import StoreContract
from mirada.testing.taggers import TaggerContract

__all__ = [
    "DIM",
    "ENCODER",
    "SEEN_AT",
    "CaptionerContract",
    "DetectorContract",
    "EncoderContract",
    "GroundedContract",
    "MapEncoderContract",
    "RerankerContract",
    "SegmenterContract",
    "StoreContract",
    "TaggerContract",
    "TextReaderContract",
    "described",
    "file_at",
    "record_of",
    "unit",
]
