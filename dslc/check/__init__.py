"""What can be said of a whole experiment before it runs: sizes and counts, promises, what fits what."""
