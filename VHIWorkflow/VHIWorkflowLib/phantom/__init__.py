"""A synthetic sacroiliac-joint examination with known truth, for demonstrations, tutorials and tests."""

from .examination import Phantom, make_phantom

__all__ = ["Phantom", "make_phantom"]
