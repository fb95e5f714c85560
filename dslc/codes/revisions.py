"""Codes E046: versions of a spec that git keeps."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0460",
        "git is not there",
        "Old versions of a spec are read from the git repository that it lies in, by calling `git`. Two files are "
        "compared without it.",
        "dslc diff HEAD~1 -- specs/net.dl   # on a machine without git",
        "dslc diff old/net.dl specs/net.dl",
    ),
    Code(
        "E0461",
        "No git repository",
        "A revision such as `HEAD~1` means something in a repository only, and the spec (or, where none is named, the "
        "current folder) does not lie in one that git can read here.",
        "cd /tmp && dslc diff HEAD~1 -- net.dl",
        "cd my-project && dslc diff HEAD~1 -- specs/net.dl",
    ),
    Code(
        "E0462",
        "No such revision",
        "A revision is what git calls by that name: a branch, a tag, a commit, `HEAD~1`, `main@{yesterday}`. A clone "
        "in CI often holds the last commit alone: there, fetch the branch to compare with first.",
        "dslc diff mian -- specs/net.dl",
        "dslc diff main -- specs/net.dl",
    ),
    Code(
        "E0463",
        "No such file in the revision",
        "The path is looked up in each of the two versions, and neither has it. A file that only one of them has is "
        "shown as added or removed; one that was renamed can be named on each side.",
        "dslc diff HEAD~1 -- specs/nett.dl",
        "dslc diff HEAD~1:specs/old_name.dl specs/net.dl",
    ),
    Code(
        "E0464",
        "Not a file in the revision",
        "In the revision, the path is a folder, a link or another repository. Links are not followed there: what they "
        "lead to is not part of that version.",
        "dslc diff HEAD~1:specs specs/net.dl",
        "dslc diff HEAD~1:specs/net.dl specs/net.dl",
    ),
    Code(
        "E0465",
        "A path outside of the repository",
        "A revision holds the files of its repository only, so that paths in it cannot leave the repository.",
        "dslc diff HEAD:../other/net.dl specs/net.dl",
        "dslc diff ../other/net.dl specs/net.dl",
    ),
    Code(
        "E0466",
        "git could not do it",
        "git is there, and so is the repository, but a call of it failed. What git said stands below the message.",
        "dslc diff main...HEAD -- specs/net.dl   # two histories without a common commit",
        "dslc diff main HEAD -- specs/net.dl",
    ),
)
