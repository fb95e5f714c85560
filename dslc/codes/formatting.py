"""Codes E014: `dslc fmt`."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0140",
        "The formatter gave up on a file",
        "`dslc fmt` changes blanks and line breaks, nothing else. It reads what it is about to write and compares the "
        "two trees and their comments; if they differed, it would leave the file as it is. That would be a bug in "
        "dslc, not in your spec: please report it together with the file.",
        "dslc fmt net.dl   # net.dl is left as it is",
        "dslc check net.dl   # the spec itself may be fine",
    ),
)
