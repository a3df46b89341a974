"""Whom connections trust: the public authorities, or those of SSL_CERT_FILE and SSL_CERT_DIR where they are set.

One answer for the whole process: reading some 140 certificates takes 17 ms, and each client would do it anew.
"""

import ssl
from functools import cache

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """For clients of httpx that speak HTTP/1.1; they may share it."""
    return httpx.create_ssl_context()
