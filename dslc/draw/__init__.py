"""Drawings of a model: what is in one (`picture`), where it stands (`layout`), and how it is written down."""

from __future__ import annotations

from dslc.draw.dot import dot
from dslc.draw.mermaid import mermaid
from dslc.draw.picture import Picture, picture
from dslc.draw.svg import svg

__all__ = ["Picture", "dot", "mermaid", "picture", "svg"]
