"""The programs that run one script each, in a process with its framework.

They read what to do from a JSON file, write arrays beside it, and say on standard output how far they are. Nothing of
dslc imports them.
"""
