"""`python -m web` is the `kaiyue` command, for computers where the launcher is not on the path."""

from web.cli import main

if __name__ == "__main__":
    main()
