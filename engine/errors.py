"""The few kinds of error, each with its exit status and a remedy.

A message says what is wrong, where, what is allowed and what to do.
"""

from collections.abc import Sequence


class PoquanError(Exception):
    """Base of all errors a user can meet; `status` is the exit status of a command."""

    status = 1


class InputError(PoquanError):
    """The user's input cannot be used as it is."""

    status = 2

    def __init__(self, where: str, what: str, allowed: str, remedy: str) -> None:
        self.where, self.what, self.allowed, self.remedy = where, what, allowed, remedy
        super().__init__(f"{where}: {what}\n  allowed: {allowed}\n  remedy:  {remedy}")


class CombinedInputError(InputError):
    """Several mistakes of one input, reported together; its parts are those of the first."""

    def __init__(self, mistakes: Sequence[InputError]) -> None:
        first = mistakes[0]
        super().__init__(first.where, first.what, first.allowed, first.remedy)
        self.mistakes = tuple(mistakes)
        self.args = ("\n".join(str(mistake) for mistake in mistakes),)


class ClusterError(PoquanError):
    """The cluster cannot be reached or failed."""


class HeadLostError(ClusterError):
    """The head of the cluster is gone: whoever speaks to Ray now waits a minute and is killed."""


class StorageError(PoquanError):
    """A result cannot be written or read."""


class Interrupted(PoquanError):  # noqa: N818 - being stopped is no error of the program
    """Stopped by the user; what is done is saved and the same command goes on."""

    status = 130
