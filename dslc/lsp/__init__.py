"""The language server: `dslc lsp` for editors.

`server` holds the wiring and is the only module that speaks the protocol; every feature is a module of its own with
pure functions from a `Document` to what the protocol wants. Nothing outside this package imports pygls.
"""
