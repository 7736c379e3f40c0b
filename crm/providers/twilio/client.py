"""Twilio's SDK, with its own address, time limit and silence; everything that can go wrong becomes `ProviderError`."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from requests import RequestException
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from crm.providers.accounts import Account
from crm.providers.ports import ProviderError

TWILIO = "https://api.twilio.com"
CONNECTION_RETRIES = 2  # of connections that never came about; what was sent is not sent again
TOO_MANY = 429
LEAST_CODE = 10_000  # Twilio's own error codes; an answer without one came from somebody on the way
NUMBER = re.compile(r"\+?\d{7,}")
SDKS_OWN = re.compile(r"^Unable to \w+ record: ")

quiet = logging.getLogger(__name__)  # the SDK logs every request with the numbers in it
quiet.setLevel(logging.WARNING)


class HttpClient(TwilioHttpClient):
    """Speaks to `TWILIO_API_BASE` in place of Twilio's own address."""

    def __init__(self) -> None:
        super().__init__(timeout=settings.TWILIO_TIMEOUT_SECONDS, logger=quiet)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=CONNECTION_RETRIES))

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        return super().request(method, url.replace(TWILIO, settings.TWILIO_API_BASE, 1), *args, **kwargs)


@contextmanager
def twilio(account: Account) -> Iterator[Client]:
    """A client for one conversation, its connections closed afterwards. Raises `ProviderError` alone."""
    if not account.sid or not account.secret:
        raise ProviderError("No Twilio account is connected.", permanent=True)
    http = HttpClient()
    try:
        yield Client(account.sid, account.secret, http_client=http)
    except (TwilioRestException, TwilioServiceException) as error:
        raise _refusal(error) from error
    except RequestException as error:
        raise ProviderError(f"Twilio can't be reached ({type(error).__name__}).", permanent=False) from error
    except (TwilioException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProviderError("Twilio answered with something that can't be read.", permanent=False) from error
    finally:
        http.session.close()


def account_name(account: Account) -> str:
    """What Twilio calls the account, asked with its own token; raises `ProviderError`."""
    with twilio(account) as client:
        found = client.api.v2010.accounts(account.sid).fetch()
        return f"{found.friendly_name} ({found.status})"


def _refusal(error: TwilioRestException | TwilioServiceException) -> ProviderError:
    """For good where Twilio itself says so. Telephone numbers are taken out of its words, which are logged."""
    words = error.msg if isinstance(error, TwilioRestException) else error.title
    is_theirs = 400 <= error.status < 500 and error.status != TOO_MANY and (error.code or 0) >= LEAST_CODE
    return ProviderError(f"Twilio: {NUMBER.sub('…', SDKS_OWN.sub('', words))}", permanent=is_theirs)
