"""What the actions on leads and contacts refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.accounts.permissions_table import allows
from crm.core.actors import Actor, VendorActor, as_user
from crm.core.errors import BrokenRule, Conflict, MissingField

if TYPE_CHECKING:
    from leads.models import Contact, Lead


class InvalidPhone(BrokenRule):
    """The text is no phone number that anybody can have; `text` is what was given."""

    code = "invalid_phone"

    def __init__(self, text: str) -> None:
        super().__init__("Invalid phone number format")
        self.text = text


class DuplicateLead(BrokenRule):
    """The contact has such an open lead already; names it where the asker may see it.

    `by_email`: it was known by that and not by the phone number. Agents are no affair of a vendor's.
    """

    code = "duplicate_lead"

    def __init__(self, existing: Lead, *, by: Actor, by_email: bool = False) -> None:
        extra = {"existing_lead_id": str(existing.pk)} if sees(by, existing) else {}
        what = "e-mail address" if by_email else "phone number"
        whose = "" if isinstance(by, VendorActor) else " for this agent"
        super().__init__(f"Lead with this {what} already exists{whose}", **extra)
        self.existing = existing


class ContactTaken(BrokenRule):
    """Another contact of the company has this phone number or e-mail address."""

    code = "contact_taken"

    def __init__(self, field: str) -> None:
        what = "phone number" if field == "phone_e164" else "e-mail address"
        super().__init__(f"Another contact has this {what}")
        self.field = field


class ContactHasOpenLeads(Conflict):
    """A contact is deleted only when nobody works a lead of it."""

    code = "contact_has_open_leads"

    def __init__(self, contact: Contact) -> None:
        super().__init__("The contact has open leads; close or delete them first")
        self.contact = contact


class StageIsClosed(Conflict):
    """A customer or a lost lead is opened again by moving its stage, with a reason."""

    code = "stage_is_closed"

    def __init__(self, stage: str) -> None:
        super().__init__(f"A lead in stage {stage} is reopened by moving it to another stage")


class ReasonNeeded(MissingField):
    """Leaving customer or lost takes a reason."""

    def __init__(self) -> None:
        super().__init__("stage_reason", "A reason is needed to leave customer or lost")


class LeadMoved(Conflict):
    """Its contact was merged while this waited; with the old one locked, locking the new one might wait for ever."""

    code = "lead_moved"

    def __init__(self) -> None:
        super().__init__("The lead has just been moved to another contact; try again")


class LeadIsDeleted(Conflict):
    """Nothing but restoring can be done to a deleted lead."""

    code = "lead_deleted"

    def __init__(self) -> None:
        super().__init__("The lead has been deleted")


class BuiltInDisposition(BrokenRule):
    """A company may add dispositions, but neither change nor repeat those of the product."""

    code = "built_in_disposition"


def sees(by: Actor, lead: Lead) -> bool:
    """Whether the asker may know of the lead: its company's managers, its holder and whoever created it."""
    user = as_user(by)
    if user is None:
        return False
    holds = lead.agent is not None and lead.agent.user_id == user.pk
    return allows(user, "leads.view_all") or lead.created_by_id == user.pk or holds
