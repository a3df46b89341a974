"""Who administers Easel, as the settings name them at this moment. Pure.

Everybody who asks holds the same object: whoever is taken out of `admins` has no rights from then on.
"""

from collections.abc import Collection, Iterable, Iterator


class CurrentAdmins(Collection[str]):
    """Keys (`platform:id`) of the administrators; the operator may replace them while Easel runs."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys = tuple(keys)

    def replace(self, keys: Iterable[str]) -> None:
        """These are the administrators from now on."""
        self._keys = tuple(keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
