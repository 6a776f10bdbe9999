"""The one error that users meet."""


class Refused(Exception):
    """Work was refused before it could do harm.

    The message is one line: what is wrong, where it stands, and what mends it. Commands print it and
    exit with status 2; nothing below the command line ever prints or exits itself.
    """
