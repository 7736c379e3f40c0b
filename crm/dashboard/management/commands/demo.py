"""`manage.py demo`: two companies to look at, and who may sign in to them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.core.tenancy import company_active
from crm.core.upkeep import refresh_statistics
from crm.dashboard.demo.cast import CASTS, PASSWORD, Cast
from crm.dashboard.demo.making import make_demo
from crm.dashboard.demo.vendors import key_of
from crm.vendors.keys import key_named


class Command(BaseCommand):
    help = "Makes the demo companies in an empty database and prints who may sign in to them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only-if-empty", action="store_true", help="do nothing if there is a company already")
        parser.add_argument("--sign-ins-only", action="store_true", help="make nothing, print who may sign in")

    def handle(self, *args: Any, only_if_empty: bool, sign_ins_only: bool, **options: Any) -> None:
        empty = not Company.objects.exists()
        if sign_ins_only or (only_if_empty and not empty):
            return self._print_sign_ins() if sign_ins_only else None
        if not empty:
            raise CommandError("There is a company already; the demo is made in an empty database only.")
        begun = time.monotonic()
        count = make_demo()
        refresh_statistics()
        self.stdout.write(f"Made the demo: {count:,} leads in {time.monotonic() - begun:.0f} s")
        return None if only_if_empty else self._print_sign_ins()

    def _print_sign_ins(self) -> None:
        """Nothing where the demo was never made; a changed password is the user's own affair."""
        found = [(cast, company) for cast in CASTS if (company := Company.objects.filter(name=cast.name).first())]
        if not found:
            return
        self.stdout.write(f"\nSign in at {settings.PUBLIC_URL}/accounts/login/  (every password: {PASSWORD})")
        for cast, company in found:
            with company_active(company.pk):
                for who in _shown(cast):
                    self.stdout.write(f"  {who}")
        for line in _of_vendors([cast for cast, _ in found]):
            self.stdout.write(line)
        self.stdout.write("")


def _of_vendors(casts: Sequence[Cast]) -> Iterator[str]:
    """How a vendor of the demo sends leads, while its first key is alive."""
    vendors = [(name, key_of(code)) for cast in casts for code, name in cast.vendors if key_named(key_of(code))]
    if not vendors:
        return
    yield "\nSend leads as a vendor does, with its key (ask with /leads/ping before; what a lead may say: /docs):"
    for name, key in vendors:
        yield f"  {key:<40} {name}"
    body = '{"first_name": "Ada", "phone": "(415) 555-0142"}'
    headers = f"-H 'x-api-key: {vendors[0][1]}' -H 'content-type: application/json'"
    yield f"  curl {settings.PUBLIC_URL}/api/v1/leads {headers} -d '{body}'"


def _shown(cast: Cast) -> list[str]:
    """The administrator, a manager and two agents, as they stand in the cast."""
    users = User.objects.filter(email__endswith=f"@{cast.domain}", is_active=True).order_by("pk")
    wanted = ((Role.ADMIN, 1), (Role.MANAGER, 1), (Role.AGENT, 2))
    shown = [user for role, count in wanted for user in users.filter(role=role)[:count]]
    return [f"{user.username or user.email:<40} {user.get_role_display():<14} {cast.name}" for user in shown]
