"""Where providers bring the text messages that people send us: signed by the provider, known by its own id."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from agents.models import Agent
from crm.accounts.models import Company
from crm.compliance.actions import take_text
from crm.core.actors import System
from crm.core.tenancy import company_active, unscoped
from crm.providers.callbacks import callback_of
from crm.providers.models import Connection
from crm.providers.ports import BadSignature, TextReceived
from crm.providers.registry import text_reader
from leads.models import Contact

logger = logging.getLogger(__name__)
PERSON = System("contact")


@csrf_exempt
@require_POST
def text(request: HttpRequest, provider: str) -> HttpResponse:
    """Taken in each company whose it is, and answered once. A text that is nobody's gets a polite empty answer and is
    kept nowhere. 404 without such a provider, 403 where it did not sign, 400 for nonsense."""
    try:
        reader = text_reader(provider)
    except KeyError:
        return HttpResponse(status=404)
    try:
        received = reader.read(callback_of(request))
    except BadSignature:
        logger.warning("a text message was not signed by %s", provider)
        return HttpResponse(status=403)
    except (KeyError, ValueError, TypeError) as error:
        logger.warning("a text message by %s can't be read: %s", provider, type(error).__name__)
        return HttpResponse(status=400)
    answers = [_taken(received, company) for company in whose(received)]
    answer = reader.answer(next(filter(None, answers), ""))
    return HttpResponse(answer.body, content_type=answer.content_type)


def _taken(received: TextReceived, company: UUID) -> str:
    with company_active(company):
        return take_text(received, by=PERSON)


def whose(received: TextReceived) -> list[UUID]:
    """The companies that the text is for.

    The only one there is; else those who call from the number that was written to; else those who know the sender,
    where several share a number: a STOP then holds for each.
    """
    with unscoped("whose number a text was sent to"):
        companies = _at_account(received)
        if len(few := list(companies.values_list("pk", flat=True)[:2])) < 2:
            return few
        if received.to and (found := _calling_from(received.to, companies)):
            return found
        return _knowing(received.sender, companies) if received.sender else []


def _at_account(received: TextReceived) -> QuerySet[Company]:
    companies, own = Company.objects.order_by("pk"), Q(pk__in=received.companies)
    elsewhere = Connection.objects.filter(provider=received.provider, is_active=True)
    return companies.filter(own | ~Q(pk__in=elsewhere.values("company")) if received.is_shared else own)


def _calling_from(number: str, companies: QuerySet[Company]) -> list[UUID]:
    agents = Agent.objects.filter(company__in=companies, caller_number=number)
    return sorted({*_of(agents), *_of(Connection.objects.filter(company__in=companies, caller_number=number))})


def _knowing(phone: str, companies: QuerySet[Company]) -> list[UUID]:
    """By the number that somebody has, or had before they were merged with another."""
    people = Contact.objects.filter(company__in=companies, phone_e164=phone)
    return sorted({*_of(people.alive()), *_of(people.merged())})


def _of(rows: QuerySet[Agent] | QuerySet[Contact] | QuerySet[Connection]) -> list[UUID]:
    return sorted(set(rows.order_by().values_list("company_id", flat=True)))
