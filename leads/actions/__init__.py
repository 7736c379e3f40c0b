"""Every change of meaning to leads, contacts and dispositions."""

from leads.actions.bulk import Changed, delete_many, update_many
from leads.actions.calling import hold_leads, put_at_front, record_attempt, release_holds, retry_at
from leads.actions.contacts import create_contact, delete_contact, update_contact
from leads.actions.creating import NewLead, create_lead
from leads.actions.dispositions import create_disposition, delete_disposition, update_disposition
from leads.actions.leads import (
    add_note,
    delete_lead,
    mark_breached,
    mark_response,
    restore_lead,
    set_deal_value,
    set_disposition,
    set_score,
    set_stage,
    set_status,
    update_lead,
)

__all__ = [
    "Changed",
    "NewLead",
    "add_note",
    "create_contact",
    "create_disposition",
    "create_lead",
    "delete_contact",
    "delete_disposition",
    "delete_lead",
    "delete_many",
    "hold_leads",
    "mark_breached",
    "mark_response",
    "put_at_front",
    "record_attempt",
    "release_holds",
    "restore_lead",
    "retry_at",
    "set_deal_value",
    "set_disposition",
    "set_score",
    "set_stage",
    "set_status",
    "update_contact",
    "update_disposition",
    "update_lead",
    "update_many",
]
