"""`manage.py verify_audit`: prove every company's audit log, or name what was done to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.audit.verification import Head, Verification, verify_log
from crm.core.tenancy import company_active


class Command(BaseCommand):
    help = (
        "Finds entries of the audit log that were edited, deleted, inserted or moved, tells how many are not sealed "
        "yet, and prints each log's head. Keep the head elsewhere: given again as --head, it proves that nothing was "
        "cut off at the end. Ends with status 1 where a log does not hold."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--company", help="By name or id; without it, all companies")
        parser.add_argument("--head", metavar="N:MAC", help="A head printed earlier (with --company)")

    def handle(self, *args: Any, **options: Any) -> None:
        kept = self._head(options)
        sound = True
        for pk, name in self._companies(options["company"]):
            with company_active(pk):
                found = verify_log(kept)
            self._print(name, found)
            sound = sound and found.is_sound
        if not sound:
            raise CommandError("An audit log does not hold.")

    def _head(self, options: dict[str, Any]) -> Head | None:
        if not options["head"]:
            return None
        if not options["company"]:
            raise CommandError("--head belongs to one company; name it with --company.")
        try:
            return Head.parse(options["head"])
        except ValueError as error:
            raise CommandError(f"{error}.") from None

    def _companies(self, wanted: str | None) -> list[tuple[UUID, str]]:
        companies = apps.get_model("accounts", "Company")._default_manager.order_by("name", "pk")
        rows = list(companies.values_list("pk", "name"))
        if wanted is None:
            return rows
        named = [row for row in rows if wanted == row[1] or wanted == str(row[0])]
        if len(named) != 1:
            raise CommandError(f"{'No' if not named else 'More than one'} company is called {wanted}.")
        return named

    def _print(self, name: str, found: Verification) -> None:
        state = self.style.SUCCESS("holds") if found.is_sound else self.style.ERROR("DOES NOT HOLD")
        self.stdout.write(f"{name}: {state}, {found.sealed} sealed, {found.unsealed} not sealed yet")
        self.stdout.write(f"  head {found.head or 'none yet'}")
        for problem in found.problems:
            what = f"entry {problem.entry_id}" if problem.entry_id else "seal"
            number = f" (number {problem.number})" if problem.number else ""
            self.stdout.write(f"  {problem.kind}: {what}{number}. {problem.text}")
        if hidden := found.problem_count - len(found.problems):
            self.stdout.write(f"  and {hidden} more")
