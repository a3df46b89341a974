"""Same-origin checks: names, ports, origins, the loopback."""

import pytest

from adapters.playground import same_origin


def test_requests_under_another_name_port_or_origin_are_refused() -> None:
    assert same_origin.may_navigate({"Host": "localhost"}, 80)
    assert not same_origin.may_navigate({"Host": "localhost"}, 8080)
    assert not same_origin.may_navigate({}, 8080)
    assert same_origin.may_navigate({"Host": "[::1]:8080", "Origin": "http://[::1]:8080"}, 8080)
    assert not same_origin.may_navigate({"Host": "[::1]:8080", "Origin": "http://127.0.0.1:8080"}, 8080)
    assert same_origin.may_navigate({"Host": "127.0.0.1:8080", "Sec-Fetch-Site": "cross-site"}, 8080)
    assert not same_origin.may_load({"Host": "127.0.0.1:8080", "Sec-Fetch-Site": "cross-site"}, 8080)
    assert not same_origin.may_upload({"Host": "127.0.0.1:8080"}, 8080)
    assert same_origin.may_upload({"Host": "127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}, 8080)
    crossed = {"Host": "127.0.0.1:8080", "Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-site"}
    assert not same_origin.may_upload(crossed, 8080)


@pytest.mark.parametrize(
    ("host", "yes"),
    [
        *((host, True) for host in ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")),
        *((host, False) for host in ("0.0.0.0", "", "::", "localhost.example")),
    ],
)
def test_only_the_loopback_counts_as_this_computer(host: str, yes: bool) -> None:
    assert same_origin.is_loopback(host) is yes
