"""The rules: the docstring of each module is its page of the documentation."""
