"""The one exception of the product: something that cannot be done, in a sentence for a person."""


class Refusal(Exception):  # noqa: N818 - a refusal, not an error of the program
    """Why something cannot be done and what to do instead: one line on stderr, exit code 3."""
