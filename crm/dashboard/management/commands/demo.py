"""`manage.py demo`: a company to look at."""

from typing import Any

from django.core.management import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Makes the demo companies and prints who may sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only-if-empty", action="store_true", help="do nothing if there is a company already")
        parser.add_argument("--sign-ins-only", action="store_true", help="make nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        pass
