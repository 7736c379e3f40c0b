"""How often one may knock: the same counters for the pages and the API, by address and by account."""

from __future__ import annotations

import math
import time

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.exceptions import Throttled

APP = "allauth.account"
LONGEST_WAIT = 60


def take(request: HttpRequest, action: str, *, key: str | None = None) -> None:
    """Count one try; raises `Throttled` with the seconds to wait once the limits of `ACCOUNT_RATE_LIMITS` are used up.

    `key`: what is limited beside the address, an account's name.
    """
    if not ratelimit.consume(request, app=APP, action=action, key=key):
        raise Throttled(wait=seconds_left(request, action, key=key))


def seconds_left(request: HttpRequest, action: str, *, key: str | None = None) -> int:
    """Until the first of the limits that are used up lets one more through; whole seconds, at least one."""
    waits = []
    for rate in ratelimit.get_rates(app=APP, action=action):
        counter = ratelimit.get_cache_key(request, app=APP, action=action, rate=rate, key=key)
        history = cache.get(counter, [])
        if len(history) >= rate.amount:
            waits.append(history[-1] + rate.duration - time.time())
    return max(1, math.ceil(max(waits, default=LONGEST_WAIT)))
