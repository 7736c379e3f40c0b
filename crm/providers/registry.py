"""Which provider does what: one line each. A provider's folder is imported when it is first used."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from crm.providers.ports import Dialler

DIALLERS = {
    "simulator": "crm.providers.simulator.dialler.SimulatorDialler",
    "twilio": "crm.providers.twilio.dialler.TwilioDialler",
}


def dialler(name: str | None = None) -> Dialler:
    """The one that `CALL_PROVIDER` names, or the one that a hook or a call of earlier names; KeyError: no such one."""
    made: Dialler = import_string(DIALLERS[name or settings.CALL_PROVIDER])()
    return made
