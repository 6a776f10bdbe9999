"""What may come of checking something that was signed, besides that it is authentic."""


class Different(Exception):
    """It is not what was signed; the message says where."""


class Foreign(Different):
    """It is signed, and by none of those who are trusted."""


class Uncheckable(Exception):
    """There is not enough to judge by; the message says what is missing and how to give it."""
