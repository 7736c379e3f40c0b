"""Outcomes: built in for every company, and a company's own."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api import paging
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet, NoFilters
from crm.core.tenancy import NotFound
from leads import actions
from leads.api import examples, serializers
from leads.api.representation import outcome_json
from leads.api.views import acting
from leads.dispositions import as_outcome, choices
from leads.models import Disposition

PAGE = 100
PARAMETERS = ("page", "per_page", "skip", "limit")


class DispositionViewSet(ApiViewSet):
    schema_tag = "Dispositions"
    permissions = {
        "list": "dispositions.view",
        "create": "dispositions.manage",
        "retrieve": "dispositions.view",
        "update": "dispositions.manage",
        "destroy": "dispositions.manage",
    }

    @describe("List dispositions", listing="dispositions", answer_example=examples.DISPOSITION)
    def list(self, request: Request) -> Response:
        """Those of every company first (`id` null), then the company's own."""
        params = request.query_params
        NoFilters(params, Disposition.objects.none(), request=request, known=PARAMETERS).checked()
        paging.refuse_mixed_forms(params)
        rows = [outcome_json(outcome) for outcome in choices()]
        if "skip" in params or "limit" in params:
            skip, size = paging.read_whole(params, "skip", 0, 0, None), paging.read_size(params, "limit", PAGE)
            place = {"skip": skip, "limit": size}
        else:
            page, size = paging.read_whole(params, "page", 1, 1, None), paging.read_size(params, "per_page", PAGE)
            skip, place = (page - 1) * size, {"page": page, "per_page": size}
        return self.answer({"dispositions": rows[skip : skip + size], "total": len(rows), **place})

    @describe(
        "Add a disposition",
        body=serializers.NewDispositionBody,
        status=201,
        example={"label": "Wants brochure", "is_final": False, "reached_person": True},
        answer_example=examples.DISPOSITION,
    )
    def create(self, request: Request) -> Response:
        body = self.body(serializers.NewDispositionBody)
        row = actions.create_disposition(
            body["label"],
            key=body.get("key") or "",
            is_final=body.get("is_final", False),
            reached_person=body.get("reached_person", False),
            by=acting(request),
        )
        return self.answer(outcome_json(as_outcome(row)), 201, row=row)

    @describe("Read a disposition", answer_example=examples.DISPOSITION)
    def retrieve(self, request: Request, pk: str) -> Response:
        row = self.row(pk)
        return self.answer(outcome_json(as_outcome(row)), row=row)

    @describe(
        "Change a disposition",
        body=serializers.DispositionFields,
        example={"label": "Wants the brochure"},
        answer_example=examples.DISPOSITION,
    )
    def update(self, request: Request, pk: str) -> Response:
        """The key stays, since leads have it."""
        body = self.body(serializers.DispositionFields, partial=True)
        row = actions.update_disposition(self.row(pk), body, by=acting(request))
        return self.answer(outcome_json(as_outcome(row)), row=row)

    @describe("Retire a disposition", answer_example={"message": "Disposition removed"})
    def destroy(self, request: Request, pk: str) -> Response:
        """It can't be chosen any more; leads that have it keep it."""
        actions.delete_disposition(self.row(pk), by=acting(request))
        return self.answer({"message": "Disposition removed"})

    def row(self, pk: str) -> Disposition:
        try:
            return self.find(Disposition.objects.all(), pk)
        except NotFound:
            raise NotFound("Disposition not found") from None
