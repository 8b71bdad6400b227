"""What can go wrong when we speak to a video server, named for what to do next.

    ProviderError
    ├── Unsupported       this server cannot do it: use the nearest thing that it can
    ├── NotFound          the target is gone or never was: check the name
    ├── Conflict          the target is in another state: look, then decide
    │   └── LeftBehind    nothing works on the target any more: forget it
    ├── PartlyDone        a part of a change was made: look, then ask for the rest
    ├── Rejected          the server refuses our values: change them
    ├── Unauthenticated   our key or secret is wrong: mend the configuration
    ├── RateLimited       too many calls: wait `retry_after`
    ├── Unreachable       nobody answers: try later, look at the server
    │   ├── NoWorker      the server answers, but no worker of it took the work: wait for one, or add one
    │   └── TimedOut      somebody answers too slowly; a write may have happened
    ├── Malformed         the answer is no answer of this kind of server: check the URL
    └── Forged            a webhook that the server did not sign: drop it

A provider translates once, at its edge, with `raise ... from`. No type of a vendor's library leaves its package.
The class docstring is what a person is told; `detail` is for the log and may hold the server's own words.
"""

from typing import ClassVar


class ProviderError(Exception):
    """The video server could not do this. Try again, and look at the server if it stays so."""

    remedy: ClassVar[str]
    what: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.what, cls.remedy = _sentences(cls)

    def __init__(self, detail: str = "", *, provider: str = "", operation: str = "") -> None:
        super().__init__(detail or self.what)
        self.detail = detail
        self.provider = provider
        self.operation = operation


def _sentences(cls: type) -> tuple[str, str]:
    """The docstring's first sentence (what happened) and the rest (what to do)."""
    words = " ".join((cls.__doc__ or "").split())
    what, _, remedy = words.partition(". ")
    return what.rstrip(".") + ".", remedy


ProviderError.what, ProviderError.remedy = _sentences(ProviderError)


class Unsupported(ProviderError):
    """This video server cannot do that. Use another provider, or the nearest thing that this one can do."""


class NotFound(ProviderError):
    """It is not on the video server. It may have ended a moment ago; list what is there and try again."""


class Conflict(ProviderError):
    """The video server says that it is in another state. Look at it first, then decide."""


class LeftBehind(Conflict):
    """The video server has a record of it, but the worker behind that is gone. Nothing works on it any more."""


class PartlyDone(ProviderError):
    """The video server made a part of this change, and then something went wrong. Look at it, then ask for the rest."""


class Rejected(ProviderError):
    """The video server refused these values. Change them and try again."""


class Unauthenticated(ProviderError):
    """The video server does not accept our key or secret. Ask whoever runs the bot to check them."""


class RateLimited(ProviderError):
    """The video server asks us to slow down. Try again in a moment."""

    def __init__(self, detail: str = "", *, retry_after: float = 1.0, provider: str = "", operation: str = "") -> None:
        super().__init__(detail, provider=provider, operation=operation)
        self.retry_after = retry_after


class Unreachable(ProviderError):
    """The video server does not answer. Try again in a minute, and check that it runs."""


class NoWorker(Unreachable):
    """No worker of the video server took this: none runs, or all are busy. Stop what is not needed, or add a worker."""


class TimedOut(Unreachable):
    """The video server took too long to answer. It may have done it all the same, so look before you repeat it."""


class Malformed(ProviderError):
    """What answered does not speak like this kind of video server. Check the address that the bot was given."""


class Forged(ProviderError):
    """This webhook was not signed by the video server. Check the key and secret on both sides."""
