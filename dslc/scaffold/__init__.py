"""Specs to start from: the digits, or a proposal for a table or a folder of pictures that the user has.

What is proposed is a plain, commented starting point that checks; nothing is guessed without saying so.
"""

from __future__ import annotations

from dslc.scaffold.images import from_images
from dslc.scaffold.proposal import Proposal, Unsuitable
from dslc.scaffold.starter import starter
from dslc.scaffold.tables import from_csv

__all__ = ["Proposal", "Unsuitable", "from_csv", "from_images", "starter"]
