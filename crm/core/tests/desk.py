"""A small API of the tests' own, over leads, that shows what `ApiViewSet` does for every view."""

from __future__ import annotations

import time
from typing import Any

from django.db import transaction
from django.urls import include, path
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser

from crm.core.api import fields
from crm.core.api.filters import (
    BoolFilter,
    CsvFilter,
    IntFilter,
    MomentFilter,
    NullFilter,
    NumberFilter,
    StrictFilterSet,
    UuidFilter,
)
from crm.core.api.routers import Router, route
from crm.core.api.views import PUBLIC, ApiViewSet
from crm.core.errors import BrokenRule, Conflict
from crm.urls import *  # noqa: F403
from leads.models import Contact, Lead, Priority, Stage
from leads.tests.factories import ContactFactory, LeadFactory

ORDERING = {"created_at": "created_at", "score": "score", "deadline": "deadline", "last_name": "last_name_key"}


class DeskFilter(StrictFilterSet):
    id = UuidFilter()
    stage = CsvFilter(choices=Stage)
    priority = CsvFilter(choices=Priority)
    source = CsvFilter()
    min_score = IntFilter("score", "gte")
    min_deal_value = NumberFilter("deal_value", "gte")
    is_duplicate = BoolFilter()
    unassigned = NullFilter("agent")
    created_after = MomentFilter("created_at", "gte")
    created_before = MomentFilter("created_at", "lte")

    class Meta:
        model = Lead
        fields: list[str] = []

    @classmethod
    def dynamic(cls, name: str) -> Any:
        prefix, _, key = name.partition(".")
        return CsvFilter(f"custom_fields__{key}") if prefix == "custom" and key.isidentifier() else None


class Person(fields.Body):
    city = fields.CleanCharField(max_length=20, required=False, allow_blank=True)


class Order(fields.Body):
    name = fields.CleanCharField(max_length=50)
    email = fields.EmailField(required=False)
    phone_e164 = fields.E164Field(required=False)
    amount = fields.IntField(max_value=100, required=False)
    price = fields.MoneyField(required=False)
    ratio = fields.NumberField(required=False)
    urgent = fields.BoolField(required=False)
    stage = fields.ChoiceField(Stage, aliases={"won": Stage.CUSTOMER}, required=False)
    priority = fields.ChoiceField(Priority, required=False)
    lead_id = fields.UuidField(required=False, allow_null=True)
    data = fields.JsonObjectField(required=False)
    tags = fields.TagsField(required=False)
    at = fields.MomentField(required=False)
    day = fields.DayField(required=False)
    person = Person(required=False)
    numbers = fields.ListField(child=fields.IntField(), required=False)


class Change(fields.Body):
    source = fields.CleanCharField()


def lead_rows(rows: list[Lead]) -> list[dict[str, Any]]:
    return [{"id": row.pk, "score": row.score, "deadline": row.deadline, "source": row.source} for row in rows]


class DeskViewSet(ApiViewSet):
    permissions = {
        "list": "leads.view",
        "create": "leads.create",
        "retrieve": "leads.view",
        "update": "leads.update",
        "echo": "leads.view",
        "refuse": "leads.view",
        "slow": "leads.view",
        "managers": "leads.assign",
        "hello": PUBLIC,
    }

    def list(self, request: Any) -> Any:
        return self.listing(
            Lead.objects.alive(),
            plural="leads",
            represent=lead_rows,
            filterset=DeskFilter,
            ordering=ORDERING,
            default="-created_at",
            extra={"desk": "open"},
        )

    def create(self, request: Any) -> Any:
        """Makes a contact by that name, then refuses some."""
        data = self.body(Order)
        with transaction.atomic():
            contact = ContactFactory(first_name=data["name"])
        if data["name"] == "Refuse":
            raise BrokenRule("Not this one.", existing_id=contact.pk)
        if data["name"] == "Boom":
            raise ZeroDivisionError
        return self.answer({"id": contact.pk, "made": contact.created_at}, 201)

    def retrieve(self, request: Any, pk: str) -> Any:
        lead = self.find(Lead.objects.alive(), pk)
        return self.answer(lead_rows([lead])[0], row=lead)

    def update(self, request: Any, pk: str) -> Any:
        lead = self.find(Lead.objects.alive(), pk)
        change = self.body(Change)
        from django.utils.timezone import now

        lead.source, lead.updated_at = change["source"], now()
        time.sleep(0.05)
        lead.save(update_fields=["source", "updated_at"])
        return self.answer(lead_rows([lead])[0], row=lead)

    def echo(self, request: Any) -> Any:
        return self.answer(self.body(Order))

    def refuse(self, request: Any) -> Any:
        raise Conflict("No room.", agent_capacity={"current": 25, "max": 25})

    def slow(self, request: Any) -> Any:
        time.sleep(0.3)
        LeadFactory()
        return self.answer({"leads": Lead.objects.count()}, 201)

    def managers(self, request: Any) -> Any:
        return self.answer({})

    def hello(self, request: Any) -> Any:
        return self.answer({"hello": "world"})

    def undeclared(self, request: Any) -> Any:
        return self.answer({})


class UploadViewSet(ApiViewSet):
    permissions = {"upload": "leads.view"}
    parser_classes = [MultiPartParser]

    def upload(self, request: Any) -> Any:
        contact = ContactFactory()
        return self.answer({"id": contact.pk, "size": self.uploaded().size}, 201)


class Plain(serializers.Serializer[Any]):
    pass


router = Router()
router.register("desk", DeskViewSet, basename="desk")
desk = [
    route("desk/echo", DeskViewSet, {"post": "echo"}),
    route("desk/refuse", DeskViewSet, {"post": "refuse"}),
    route("desk/slow", DeskViewSet, {"post": "slow"}),
    route("desk/managers", DeskViewSet, {"get": "managers"}),
    route("desk/hello", DeskViewSet, {"get": "hello"}),
    route("desk/undeclared", DeskViewSet, {"get": "undeclared"}),
    route("desk/upload", UploadViewSet, {"post": "upload"}),
    *router.urls,
]
urlpatterns = [path("api/v1/", include(desk)), path("api/", include(desk)), *urlpatterns]  # noqa: F405

__all__ = ["Contact", "DeskViewSet", "urlpatterns"]
