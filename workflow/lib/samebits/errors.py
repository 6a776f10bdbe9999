"""The errors that samebits itself raises."""


class Refused(Exception):
    """Work was refused before it could do harm.

    The message is one line: what is wrong, where it stands, and what mends it. Commands print it and
    exit with status 2; nothing below the command line ever prints or exits itself.
    """


class Lost(Exception):
    """A process that helped to train is gone: a worker was killed, or its machine was.

    Nothing is wrong with what was recorded, so the engine goes on from the last checkpoint. The message names
    what was lost.
    """
