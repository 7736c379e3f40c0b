"""The people behind the leads."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import Missing
from crm.core.tenancy import NotFound
from leads import actions
from leads.api import examples, serializers
from leads.api.representation import contact_json
from leads.api.views import acting
from leads.filters import ContactFilter
from leads.models import Contact

ORDERING = {
    "created_at": "created_at",
    "updated_at": "updated_at",
    "last_name": "last_name",
    "first_name": "first_name",
}
NOT_FOUND = "Contact not found"


class ContactViewSet(ApiViewSet):
    schema_tag = "Contacts"
    permissions = {
        "list": "contacts.view",
        "create": "contacts.create",
        "retrieve": "contacts.view",
        "update": "contacts.update",
        "destroy": "contacts.delete",
    }

    @describe(
        "List contacts",
        listing="contacts",
        filterset=ContactFilter,
        ordering=ORDERING,
        answer_example=examples.CONTACT,
    )
    def list(self, request: Request) -> Response:
        """An agent sees those that it created, and those of the leads that it sees."""
        return self.listing(
            visible(request).alive(),
            plural="contacts",
            represent=lambda rows: [contact_json(contact) for contact in rows],
            filterset=ContactFilter,
            ordering=ORDERING,
            default="-created_at",
        )

    @describe(
        "Create a contact",
        body=serializers.NewContactBody,
        status=201,
        example=examples.NEW_CONTACT,
        answer_example=examples.CONTACT,
    )
    def create(self, request: Request) -> Response:
        """Needs a phone or an e-mail, and `first_name` or `name`; 400 where another contact has the phone or e-mail."""
        contact = actions.create_contact(self.body(serializers.NewContactBody), by=acting(request))
        return self.answer(contact_json(contact), 201, row=contact)

    @describe("Read a contact", answer_example=examples.CONTACT)
    def retrieve(self, request: Request, pk: str) -> Response:
        contact = self.contact(request, pk)
        return self.answer(contact_json(contact), row=contact)

    @describe(
        "Change a contact",
        body=serializers.ContactBody,
        example={"organization": "Acme Corp", "tags": ["vip"]},
        answer_example=examples.CONTACT,
    )
    def update(self, request: Request, pk: str) -> Response:
        contact = self.contact(request, pk)
        body = self.body(serializers.ContactBody, partial=True)
        contact = actions.update_contact(contact, body, by=acting(request))
        return self.answer(contact_json(contact), row=contact)

    @describe("Delete a contact", errors=(409,), answer_example={"message": "Contact deleted"})
    def destroy(self, request: Request, pk: str) -> Response:
        """Softly, and only where it has no open lead (409)."""
        actions.delete_contact(self.contact(request, pk), by=acting(request))
        return self.answer({"message": "Contact deleted"})

    def contact(self, request: Request, pk: str) -> Contact:
        return contact_in(self, request, pk)


def contact_in(view: ApiViewSet, request: Request, pk: str) -> Contact:
    """404 where there is none, or it is deleted (naming the one that it was merged into); 403 for another's."""
    try:
        contact: Contact = view.find(visible(request), pk)
    except NotFound:
        raise NotFound(NOT_FOUND) from None
    if contact.merged_into_id is not None:
        raise Missing("The contact was merged into another", merged_into_id=str(contact.merged_into_id))
    if contact.deleted_at is not None:
        raise NotFound(NOT_FOUND)
    return contact


def visible(request: Request) -> Any:
    return Contact.objects.visible_to(acting(request))
