"""Whom connections trust: the public authorities, or those of SSL_CERT_FILE and SSL_CERT_DIR where they are set.

One answer for the whole process: reading some 140 certificates takes 17 ms, and each client would do it anew.
"""

import ssl
from functools import cache

import httpx


@cache
def client_context() -> ssl.SSLContext:
    """For clients that speak HTTP/1.1; they may share it."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
