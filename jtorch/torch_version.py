"""`torch.__version__`: a string that compares as a version."""

import re

_RELEASE = re.compile(
    r"v?(?P<release>\d+(?:\.\d+)*)(?:[-_.]?(?P<phase>a|b|c|rc|alpha|beta|pre|preview)[-_.]?(?P<number>\d*))?"
    r"(?:[-_.]?(?:post|rev|r)[-_.]?(?P<post>\d*))?(?:[-_.]?dev[-_.]?(?P<dev>\d*))?(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.IGNORECASE,
)
_PHASES = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}


def _key(text) -> tuple | None:
    """What versions are ordered by (PEP 440); None where the text is no version."""
    if not isinstance(text, str):
        text = ".".join(map(str, text))
    match = _RELEASE.fullmatch(text.strip())
    if match is None:
        return None
    release = [int(n) for n in match["release"].split(".")]
    while release and release[-1] == 0:
        release.pop()
    phase = (3, 0) if match["phase"] is None else (_PHASES[match["phase"].lower()], int(match["number"] or 0))
    if match["phase"] is None and match["post"] is None and match["dev"] is not None:
        phase = (-1, 0)  # a development version comes before the first pre-release
    post = -1 if match["post"] is None else int(match["post"] or 0)
    dev = float("inf") if match["dev"] is None else int(match["dev"] or 0)
    local = tuple(
        (n.isdigit(), int(n) if n.isdigit() else 0, n) for n in re.split("[-_.]", (match["local"] or "").lower()) if n
    )
    return tuple(release), phase, post, dev, local


class TorchVersion(str):
    """A version that compares to strings, tuples of numbers and `packaging` versions by its parts, not by its letters.

    >>> TorchVersion("2.13.0") > "2.4", TorchVersion("2.13.0") >= (2, 13)
    (True, True)
    """

    __slots__ = ()

    def _compare(self, other, method: str):
        is_text = isinstance(other, (str, tuple, list))
        mine, theirs = _key(str(self)), _key(other if is_text else str(other))
        if mine is None or theirs is None:
            return getattr(str, method)(self, other)
        return getattr(tuple, method)(mine, theirs)

    def __lt__(self, other):
        return self._compare(other, "__lt__")

    def __le__(self, other):
        return self._compare(other, "__le__")

    def __gt__(self, other):
        return self._compare(other, "__gt__")

    def __ge__(self, other):
        return self._compare(other, "__ge__")

    def __eq__(self, other):
        return self._compare(other, "__eq__")

    __hash__ = str.__hash__
