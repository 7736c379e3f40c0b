"""The company in threads, event loops, streamed bodies and tasks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from django.db import connection, transaction
from django.http import HttpRequest, StreamingHttpResponse
from django.test import RequestFactory

from crm.accounts.backends import Backend
from crm.accounts.middleware import CompanyMiddleware
from crm.accounts.models import Anonymous, Company, User
from crm.accounts.tests.factories import CompanyFactory, UserFactory
from crm.celery import app as celery_app
from crm.core.tasks import later
from crm.core.tenancy import NoCompany, acarry_company, activate, carry_company, company_active, current_scope, unscoped
from leads.models import Contact
from leads.tests.factories import ContactFactory


def make(name: str) -> Company:
    company = CompanyFactory(name=name)
    with company_active(company.pk):
        ContactFactory(first_name=f"contact-{name}")
    return company


@pytest.fixture
def a(db: None) -> Company:
    return make("a")


@pytest.fixture
def b(a: Company) -> Company:
    return make("b")


def names() -> list[str]:
    return [contact.first_name for contact in Contact.objects.order_by("first_name")]


def in_thread(work: Callable[[], Any]) -> Any:
    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@pytest.mark.django_db(transaction=True)
def test_a_thread_starts_with_no_company_and_may_take_one_along(b: Company) -> None:
    with company_active(b.pk):
        with pytest.raises(NoCompany):
            in_thread(Contact.objects.count)
        context = copy_context()
    assert in_thread(lambda: context.run(names)) == ["contact-b"]


@pytest.mark.django_db(transaction=True)
def test_threads_with_different_companies_do_not_meet(a: Company, b: Company) -> None:
    wrong: list[str] = []

    def work(company: Company) -> None:
        for _ in range(20):
            with company_active(company.pk):
                wrong.extend(name for name in names() if name != f"contact-{company.name}")
        connection.close()

    threads = [threading.Thread(target=work, args=[company]) for company in (a, b, a, b)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.django_db(transaction=True)
def test_coroutines_of_one_loop_keep_their_companies(a: Company, b: Company) -> None:
    async def work(company: Company) -> set[str]:
        with company_active(company.pk):
            seen = set()
            for _ in range(10):
                seen |= {contact.first_name async for contact in Contact.objects.all()}
                await asyncio.sleep(0)
            return seen

    async def both() -> Any:
        try:
            return await asyncio.gather(work(a), work(b))
        finally:
            await sync_to_async(lambda: connection.close())()  # the loop's own thread has its own connection

    assert asyncio.run(both()) == [{"contact-a"}, {"contact-b"}]


def test_a_stream_carries_its_company(a: Company, b: Company) -> None:
    with company_active(a.pk):
        stream = carry_company(contact.first_name for contact in Contact.objects.all())
    with company_active(b.pk):
        assert list(stream) == ["contact-a"]
        assert current_scope() == b.pk

    async def parts() -> Any:
        yield current_scope()
        yield current_scope()

    async def read() -> list[Any]:
        with company_active(a.pk):
            stream = acarry_company(parts())
        return [part async for part in stream] + [current_scope()]

    assert asyncio.run(read()) == [a.pk, a.pk, None]


def request_of(user: Any, **session: str) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user, request.session = user, session  # type: ignore[assignment]
    return request


def test_the_middleware_carries_the_company_into_a_streamed_body(a: Company, b: Company) -> None:
    def stream(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(name for name in names())

    response: Any = CompanyMiddleware(stream)(request_of(UserFactory(company=a)))
    assert current_scope() is None
    assert b"".join(response) == b"contact-a"

    def stream_of_b(request: HttpRequest) -> StreamingHttpResponse:
        activate(b.pk)  # as an API authenticator does, inside
        return stream(request)

    response = CompanyMiddleware(stream_of_b)(request_of(Anonymous()))
    assert current_scope() is None
    assert b"".join(response) == b"contact-b"


def test_the_middleware_costs_no_query_beyond_the_user(a: Company, django_assert_num_queries: Any) -> None:
    user = Backend().get_user(UserFactory(company=a).pk)
    seen: list[Any] = []
    with django_assert_num_queries(0):
        CompanyMiddleware(lambda request: seen.append((current_scope(), request.company.name)))(request_of(user))  # type: ignore[attr-defined,func-returns-value,arg-type]
    assert seen == [(a.pk, "a")]


def test_a_superuser_works_in_the_company_it_chose_or_in_none(a: Company) -> None:
    with unscoped("test"):
        root = User.objects.create_superuser("root@platform.example", "x")
    seen: list[Any] = []
    middleware = CompanyMiddleware(lambda request: seen.append((current_scope(), request.company)))  # type: ignore[attr-defined,func-returns-value,arg-type]
    for request in (request_of(root), request_of(root, company_id=str(a.pk)), request_of(Anonymous())):
        middleware(request)
    assert seen == [(None, None), (a.pk, a), (None, None)]


# --- tasks --------------------------------------------------------------------------------------------------------

seen: list[Any] = []


@shared_task(name="tests.see")
def see(*args: str) -> None:
    seen.append((current_scope(), names(), *args))


@shared_task(name="tests.again", bind=True, max_retries=1)
def again(self: Any) -> None:
    if not self.request.retries:
        raise self.retry(countdown=0)
    see()


@shared_task(name="tests.sweep", cross_company=True)
def sweep() -> None:
    with unscoped("which companies have work"):
        due = list(Contact.objects.values_list("company_id", flat=True))
    for pk in due:
        later("tests.see", company=pk)


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    seen.clear()
    celery_app.conf.task_always_eager = False
    celery_app.set_current()
    celery_app.finalize()
    celery_app.control.purge()
    with start_worker(celery_app, perform_ping_check=False, pool="threads", concurrency=2, shutdown_timeout=20):
        yield


def wait(n: int) -> list[Any]:
    for _ in range(200):
        if len(seen) >= n:
            break
        threading.Event().wait(0.05)
    return sorted(seen, key=repr)


@pytest.mark.filterwarnings("ignore")
def test_a_real_worker_runs_in_the_senders_company_or_not_at_all(worker: None, a: Company, b: Company) -> None:
    with company_active(a.pk), transaction.atomic():
        later("tests.see", a.pk)
        assert seen == []
    assert wait(1) == [(a.pk, ["contact-a"], str(a.pk))]
    seen.clear()
    with company_active(b.pk):
        see.delay("delay")
        (see.si("one") | see.si("two")).apply_async()
        again.delay()
    assert wait(4) == sorted([(b.pk, ["contact-b"], *x) for x in ([], ["delay"], ["one"], ["two"])], key=repr)
    seen.clear()
    sweep.delay()
    assert wait(2) == sorted([(x.pk, [f"contact-{x.name}"]) for x in (a, b)], key=repr)
    seen.clear()
    with company_active(a.pk):
        later("tests.see", "put off", seconds=0.5)
    assert seen == []
    assert wait(1) == [(a.pk, ["contact-a"], "put off")]
    seen.clear()
    celery_app.send_task("tests.see")  # with no company in the header
    threading.Event().wait(1)
    assert seen == []


def test_in_eager_mode_a_task_has_the_company_too(
    a: Company, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    seen.clear()
    celery_app.set_current()
    with django_capture_on_commit_callbacks(execute=True), company_active(a.pk):
        later("tests.see")
        see.delay("direct")
        (see.si("chained") | see.si("chained")).apply_async()
    wanted = [(a.pk, ["contact-a"], *x) for x in ([], ["direct"], ["chained"], ["chained"])]
    assert sorted(seen, key=repr) == sorted(wanted, key=repr)


def test_what_is_put_off_is_left_to_its_sweep_when_eager(a: Company, django_capture_on_commit_callbacks: Any) -> None:
    seen.clear()
    with django_capture_on_commit_callbacks(execute=True), company_active(a.pk):
        later("tests.see", seconds=1)
    assert seen == []


def test_with_no_company_nothing_is_sent(db: None) -> None:
    with pytest.raises(NoCompany):
        later("tests.see")
    with pytest.raises(NoCompany):
        see.apply()
