"""`dslc diff`: what another version of a spec means, rather than which lines of it changed.

`sides` says what is compared with what, `git` reads files of a revision; `compare` finds the differences, and
`text`, `markdown` and `plain` say them.
"""
