"""The tree from above, as rules need it."""

from dslc.syntax.walk import children, parents, walk

__all__ = ["children", "parents", "walk"]
