"""Names that someone typed: of datasets and adapters, and of people."""

import difflib
import re
from collections.abc import Iterable

from twin.errors import TwinError

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def folder_name(name: str) -> str:
    """The name of a dataset or an adapter, as it is.

    Raises:
        TwinError: no folder can be called so on every system.
    """
    if not _FOLDER_NAME.fullmatch(name):
        raise TwinError(
            f"{name!r} is no name for a dataset or an adapter: use letters, digits, dots, dashes, underscores"
        )
    return name


def find_name(typed: str, known: Iterable[str]) -> str:
    """The known name that was meant: the same, or the same but for case, or the only one that begins so.

    Raises:
        TwinError: none is meant; the message offers the nearest, or all.
    """
    names = list(dict.fromkeys(known))
    wanted = typed.strip().casefold()
    for matches in (
        [name for name in names if name == typed],
        [name for name in names if name.casefold() == wanted],
        [name for name in names if wanted and name.casefold().startswith(wanted)],
    ):
        if len(matches) == 1:
            return matches[0]
    near = nearest(typed.strip(), names)
    offer = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(names)}"
    raise TwinError(f"nobody is called {typed.strip()!r}: {offer}")


def nearest(typed: str, known: Iterable[str]) -> list[str]:
    """At most three known names that look like what was typed, the most alike first."""
    folded = {name.casefold(): name for name in known}
    return [folded[match] for match in difflib.get_close_matches(typed.casefold(), folded, n=3)]
