"""`python -m dslc`: the command line."""

from dslc.cli import main

if __name__ == "__main__":
    main()
