"""Possible duplicates, the search for them, and merging."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import InvalidField
from crm.jobs.api.representation import ACCEPTED_EXAMPLE, accepted
from leads.api.contact_views import contact_in
from leads.api.representation import contact_json, lead_json
from leads.api.views import acting, lead_in
from leads.duplicates import examples
from leads.duplicates.actions import dismiss_pair, reopen_pair, start_search
from leads.duplicates.filters import DuplicateFilter
from leads.duplicates.jobs import merge_contacts_now, merge_leads_now
from leads.duplicates.models import DuplicatePair
from leads.duplicates.preview import preview_contacts, preview_leads
from leads.duplicates.querysets import PairQuerySet
from leads.duplicates.representation import merge_json, pair_json
from leads.duplicates.serializers import MergeBody
from leads.models import Contact, Lead

M = TypeVar("M", bound=models.Model)
ORDERING = {"found_at": "found_at"}


class DuplicateViewSet(ApiViewSet):
    """For managers and administrators."""

    schema_tag = "Duplicates"
    permissions = {
        "list": "contacts.merge",
        "scan": "contacts.merge",
        "dismiss": "contacts.merge",
        "reopen": "contacts.merge",
    }

    def pairs(self) -> PairQuerySet:
        return DuplicatePair.objects.select_related("first", "second")

    @describe(
        "List possible duplicates",
        listing="duplicates",
        filterset=DuplicateFilter,
        ordering=ORDERING,
        answer_example=examples.PAIR,
    )
    def list(self, request: Request) -> Response:
        """Pairs of contacts that may be one person, newest first, each with why: `named_together` (one submission had
        the phone of one and the e-mail of the other), `email` (the same but for dots or a tag), `phone` (the same but
        for its country or prefix), `name` (the same name at the same employer)."""
        asked = self.pairs().standing() if "state" in request.query_params else self.pairs().open()
        return self.listing(
            asked,
            plural="duplicates",
            represent=lambda pairs: [pair_json(pair) for pair in pairs],
            filterset=DuplicateFilter,
            ordering=ORDERING,
            default="-found_at",
        )

    @describe("Search all contacts for duplicates", status=202, answer_example=ACCEPTED_EXAMPLE, errors=[409])
    def scan(self, request: Request) -> Response:
        """Starts the job that does it; its `result` tells how many new pairs were found. `409` while one runs."""
        return accepted(start_search(by=acting(request)))

    @describe("Say that two contacts are not the same", answer_example=examples.PAIR, errors=[409])
    def dismiss(self, request: Request, pk: str) -> Response:
        """The pair leaves the list for good, whatever is found again."""
        dismiss_pair(self.find(DuplicatePair.objects.all(), pk), by=acting(request))
        return self.answer(pair_json(self.pairs().get(pk=pk)))

    @describe("Take a dismissal back", answer_example=examples.PAIR, errors=[409])
    def reopen(self, request: Request, pk: str) -> Response:
        reopen_pair(self.find(DuplicatePair.objects.all(), pk), by=acting(request))
        return self.answer(pair_json(self.pairs().get(pk=pk)))


class MergeViewSet(ApiViewSet):
    """For managers and administrators. `POST /jobs/{job_id}/undo` takes a merge back within 30 days."""

    schema_tag = "Duplicates"
    permissions = {"contact": "contacts.merge", "lead": "contacts.merge"}

    @describe(
        "Merge another contact into this one",
        body=MergeBody,
        errors=[409],
        example=examples.MERGE,
        answer_example=examples.MERGED_CONTACT,
    )
    def contact(self, request: Request, pk: str) -> Response:
        """The one in the path stays and gets all leads, notes and what else hangs on the other; who is known by the
        other's phone or e-mail is still found. Of consent the stricter counts. Where an agent holds an open lead of
        each, the two leads become one. With `dry_run` nothing is done, and `job_id` is null."""
        this, body = contact_in(self, request, pk), self.body(MergeBody)
        other = self._other(Contact.objects.alive(), body["other_id"], "contact")
        preview = preview_contacts(this, other, body.get("fields"))
        job = None
        if not body.get("dry_run"):
            job, _ = merge_contacts_now(this, other, by=acting(request), fields=body.get("fields"))
            this.refresh_from_db()
        told = merge_json(preview.chosen, preview.leads, other_id=other.pk, dry_run=job is None, job=job)
        return self.answer({"contact": contact_json(this), **told}, row=this)

    @describe(
        "Merge another lead into this one",
        body=MergeBody,
        errors=[409],
        example=examples.LEAD_MERGE,
        answer_example=examples.MERGED_LEAD,
    )
    def lead(self, request: Request, pk: str) -> Response:
        """Both are of one contact (else `409`). The one in the path stays, with its stage, status, outcome, holder and
        clock; notes and history of the other go along. `409` where it is closed and the other is open."""
        this, body = lead_in(self, request, pk), self.body(MergeBody)
        other = self._other(Lead.objects.alive(), body["other_id"], "lead")
        preview = preview_leads(this, other, body.get("fields"))
        job = None
        if not body.get("dry_run"):
            job, _ = merge_leads_now(this, other, by=acting(request), fields=body.get("fields"))
            this.refresh_from_db()
        told = merge_json(preview.chosen, preview.leads, other_id=other.pk, dry_run=job is None, job=job)
        return self.answer({"lead": lead_json(this), **told}, row=this)

    def _other(self, rows: models.QuerySet[M], pk: Any, noun: str) -> M:
        other = rows.filter(pk=pk).first()
        if other is None:
            raise InvalidField("other_id", f"No such {noun}")
        return other
