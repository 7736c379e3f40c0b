"""Whether Twilio itself has sent a request: it signs the address and the form with the account's token."""

from __future__ import annotations

from collections.abc import Iterable

from twilio.request_validator import RequestValidator

from crm.providers.accounts import Account, accounts_believed
from crm.providers.ports import BadSignature, Callback


def check_signature(callback: Callback) -> None:
    """By an account that the active company believes; raises `BadSignature`."""
    signers(callback, accounts_believed())


def signers(callback: Callback, accounts: Iterable[Account]) -> list[Account]:
    """Those whose token has signed it; raises `BadSignature` where none has. Without a token nothing is believed."""
    found = [account for account in accounts if account.secret and _has_signed(account, callback)]
    if not found:
        raise BadSignature("not signed by Twilio")
    return found


def _has_signed(account: Account, callback: Callback) -> bool:
    signature = callback.headers.get("x-twilio-signature", "")
    return bool(RequestValidator(account.secret).validate(callback.url, dict(callback.params), signature))
