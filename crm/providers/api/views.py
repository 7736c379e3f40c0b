"""The company's own accounts at providers: which there are, connected, changed, and disconnected."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import Missing
from crm.providers import actions
from crm.providers.accounts import account_of
from crm.providers.api import examples
from crm.providers.api.serializers import ConnectionBody
from crm.providers.models import Connection, Provider
from crm.providers.ports import ProviderError
from crm.providers.registry import account_name

ORDERING = {"provider": "provider", "created_at": "created_at"}


class ConnectionViewSet(ApiViewSet):
    schema_tag = "Connections"
    permissions = {
        "list": "connections.manage",
        "retrieve": "connections.manage",
        "connect": "connections.manage",
        "ask": "connections.manage",
        "destroy": "connections.manage",
    }

    @describe("List connections", listing="connections", ordering=ORDERING, answer_example=examples.CONNECTION)
    def list(self, request: Request) -> Response:
        """The company's own accounts at the services that the product calls. Of the secret, its last characters."""
        return self.listing(
            Connection.objects.all(),
            plural="connections",
            represent=lambda rows: [connection_json(row) for row in rows],
            ordering=ORDERING,
            default="provider",
        )

    @describe("Read a connection", answer_example=examples.CONNECTION)
    def retrieve(self, request: Request, provider: str) -> Response:
        row = self.row(provider)
        return self.answer(connection_json(row), row=row)

    @describe(
        "Connect an account",
        body=ConnectionBody,
        example=examples.CONNECT,
        answer_example=examples.CONNECTION,
        other_answers={201: "It is new."},
    )
    def connect(self, request: Request, provider: str) -> Response:
        """Of one that is, only the named fields change, and an empty `secret` keeps what there is; another `account`
        needs its own. It goes before the installation's account, for calls from now on, unless `is_active` is false."""
        user: Any = request.user
        row, is_new = actions.connect(self.provider(provider), self.body(ConnectionBody), by=user)
        return self.answer(connection_json(row), 201 if is_new else 200, row=row)

    @describe("Try an account", answer_example=examples.ASKED)
    def ask(self, request: Request, provider: str) -> Response:
        """Asks the provider with what is kept. `works` false comes with its reason; nothing is changed."""
        row = self.row(provider)
        try:
            name = account_name(row.provider, account_of(row))
        except ProviderError as error:
            return self.answer({"works": False, "detail": error.message})
        return self.answer({"works": True, "detail": name})

    @describe("Disconnect an account", answer_example={"message": "Disconnected"})
    def destroy(self, request: Request, provider: str) -> Response:
        user: Any = request.user
        actions.disconnect(self.row(provider), by=user)
        return self.answer({"message": "Disconnected"})

    def row(self, provider: str) -> Connection:
        row = Connection.objects.filter(provider=self.provider(provider)).first()
        if row is None:
            raise Missing("No account is connected")
        return row

    def provider(self, name: str) -> Provider:
        if (known := actions.known_provider(name)) is None:
            raise Missing("No such provider")
        return known


def connection_json(row: Connection) -> dict[str, Any]:
    """Without the secret."""
    return {
        "provider": row.provider,
        "account": row.account,
        "secret_end": row.secret_end or None,
        "caller_number": row.caller_number or None,
        "is_active": row.is_active,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
