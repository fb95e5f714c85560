"""The layers of the language, one module a family."""
