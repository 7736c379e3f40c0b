"""Workers' doors to calls. Nothing is retried by Celery: the rows say what is due, and a sweep takes it up."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from calls import actions
from crm.core.tasks import later
from crm.core.tenancy import unscoped


@shared_task(name="calls.tick", cross_company=True)
def tick() -> None:
    """Which companies have leads to be called? A task for each of them."""
    with unscoped("which companies have leads to be called"):
        companies = actions.companies_with_due_leads(now())
    for pk in companies:
        later("calls.call_due", company=pk)


@shared_task(name="calls.call_due")
def call_due() -> None:
    """One company's: each voice agent by itself, so that no agent waits for another."""
    for pk in actions.due_agents(now()):
        later("calls.call_agent", pk)


@shared_task(name="calls.call_agent")
def call_agent(pk: str) -> None:
    """What is due of one voice agent, as many as it has lines. Twice at once does no harm."""
    actions.call_due_of(UUID(pk))


@shared_task(name="calls.place_call")
def place_call(pk: str) -> None:
    """May come twice: the row lets one worker dial."""
    actions.place_call(UUID(pk))


@shared_task(name="calls.hang_up")
def hang_up(pk: str) -> None:
    actions.hang_up(UUID(pk))


@shared_task(name="calls.sweep", cross_company=True)
def sweep() -> None:
    """Which companies have calls that were left behind? A task for each of them."""
    with unscoped("which companies have calls that were left behind"):
        companies = actions.companies_with_left_calls(now())
    for pk in companies:
        later("calls.look_after", company=pk)


@shared_task(name="calls.look_after")
def look_after() -> None:
    actions.look_after(now())


@shared_task(name="calls.ask_after")
def ask_after(pk: str) -> None:
    """May come twice: the row lets one worker ask."""
    actions.ask_after(UUID(pk))


@shared_task(name="calls.price", cross_company=True)
def price() -> None:
    """Which companies have calls whose price is due? A task for each of them."""
    with unscoped("which companies have calls whose price is due"):
        companies = actions.companies_with_unpriced_calls(now())
    for pk in companies:
        later("calls.ask_prices", company=pk)


@shared_task(name="calls.ask_prices")
def ask_prices() -> None:
    actions.ask_prices(now())


@shared_task(name="calls.ask_price")
def ask_price(pk: str) -> None:
    """May come twice: the row lets one worker ask."""
    actions.ask_price(UUID(pk))
