"""Recognises the answer of a firewall or CDN in front of an upstream, which has not seen the request. Pure.

A page with the status of a refusal is no answer of an API; other pages, and texts, are known by their makers' words.
"""

import re
from collections.abc import Iterable

from bot.providers.http.quoting import is_page

_REFUSALS = frozenset({403, 451})
_MAX_PAGE_CHARS = 64 * 1024  # as much as is read of the body of an error

# Cloudflare, Imperva, Sucuri, Akamai, CloudFront with AWS WAF, DDoS-Guard, Alibaba's and Tencent's
_PAGE_WORDS = re.compile(
    r"just a moment\.\.\.|attention required!|checking (?:if the site|your browser)|sorry, you have been blocked"
    r"|enable javascript and cookies|verify(?:ing)? (?:that )?you are (?:a )?human|ddos[- ](?:protection|guard)"
    r"|challenge-platform|cf[-_]chl|cf-browser-verification|cf-error-details|captcha"
    r"|incapsula|sucuri|errors\.edgesuite\.net|request blocked|web application firewall|\bwaf\b"
    r"|访问被(?:拦截|阻断|拒绝)",
    re.IGNORECASE,
)
# Cloudflare answers a client that asks for JSON with `error code: 1020`, or with a document that has a title; 1015 is a
# limit of requests
_WORDS = re.compile(
    r"^\W*error(?: code)?:? 10(?:0[5-9]|1[0-3]|20)\b|incapsula incident|access denied \| .{0,80}cloudflare",
    re.IGNORECASE,
)


def is_from_firewall(messages: Iterable[str], status: int) -> bool:
    """Whether an answer with this status of HTTP comes from in front of the upstream. `messages`: all that it says."""
    return any(
        (status in _REFUSALS or _PAGE_WORDS.search(each, 0, _MAX_PAGE_CHARS) is not None)
        if is_page(each)
        else _WORDS.search(each, 0, _MAX_PAGE_CHARS) is not None
        for each in messages
    )
