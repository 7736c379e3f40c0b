"""What two workers at once may not do to a simulated call."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils.timezone import now

from crm.accounts.tests.factories import CompanyFactory
from crm.core.tenancy import company_active
from crm.providers.ports import CallHandle, CallRequest, CallUpdate
from crm.providers.simulator.dialler import SimulatorDialler
from crm.providers.simulator.models import SimulatedCall
from crm.providers.simulator.play import play

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(company: Any, *works: Callable[[], Any]) -> list[Any]:
    def run(work: Callable[[], Any]) -> Any:
        try:
            with company_active(company.pk):
                return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
def test_a_call_placed_twice_at_once_is_one_call(request_for: Any, heard: list[CallUpdate]) -> None:
    company, request = CompanyFactory(), request_for("simulator")
    handles = at_once(company, *[lambda: SimulatorDialler().place(request)] * 8)
    assert set(handles) == {CallHandle(f"sim-{request.call_id}")}
    with company_active(company.pk):
        assert SimulatedCall.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
def test_two_players_and_a_cancel_end_a_call_once(request_for: Any, heard: list[CallUpdate], settings: Any) -> None:
    settings.SIMULATOR_ANSWER_RATE = 1.0
    company = CompanyFactory()
    request: CallRequest = request_for("simulator", UUID(int=5), attended=True)
    with company_active(company.pk):
        handle = SimulatorDialler().place(request)
        call = SimulatedCall.objects.get()
        SimulatedCall.objects.update(placed_at=now() - timedelta(seconds=60))
    at_once(
        company,
        lambda: play(call.pk, now()),
        lambda: SimulatorDialler().cancel(handle.provider_id),
        lambda: play(call.pk, now()),
    )
    with company_active(company.pk):
        play(call.pk, now() + timedelta(hours=1))
        call.refresh_from_db()
    finals = {update.event_id for update in heard if update.status and update.status.is_final}
    assert (call.due_at, call.steps_told, len(finals)) == (None, 3, 1)
