"""Which provider does what: one line each. A provider's folder is imported when it is first used."""

from __future__ import annotations

from django.utils.module_loading import import_string

from crm.providers.accounts import Account, provider_in_use
from crm.providers.ports import Dialler, TextReader

DIALLERS = {
    "simulator": "crm.providers.simulator.dialler.SimulatorDialler",
    "twilio": "crm.providers.twilio.dialler.TwilioDialler",
}
PRICED_LATER = frozenset({"twilio"})  # those who know a call's price minutes after its end, and are asked for it
TEXT_READERS = {
    "simulator": "crm.providers.simulator.texts.SimulatorTexts",
    "twilio": "crm.providers.twilio.texts.TwilioTexts",
}
ACCOUNT_NAMES = {"twilio": "crm.providers.twilio.client.account_name"}


def dialler(name: str | None = None) -> Dialler:
    """The one by which the active company calls, or the one that a hook or a call of earlier names; KeyError: no such
    one."""
    made: Dialler = import_string(DIALLERS[name or provider_in_use()])()
    return made


def text_reader(name: str) -> TextReader:
    """The one that a hook names; KeyError: no such one."""
    made: TextReader = import_string(TEXT_READERS[name])()
    return made


def account_name(provider: str, account: Account) -> str:
    """What the provider itself calls the account, which shows that it lets us in; raises `ProviderError`."""
    asked: str = import_string(ACCOUNT_NAMES[provider])(account)
    return asked
