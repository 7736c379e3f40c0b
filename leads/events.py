"""What happens to leads and contacts, by name."""

from __future__ import annotations

LEAD_CREATED = "lead.created"
LEAD_UPDATED = "lead.updated"
LEAD_STAGE_CHANGED = "lead.stage_changed"
LEAD_DISPOSITION_SET = "lead.disposition_set"
LEAD_STATUS_CHANGED = "lead.status_changed"
LEAD_DELETED = "lead.deleted"
LEAD_RESTORED = "lead.restored"
LEAD_NOTE_ADDED = "lead.note_added"
LEAD_SCORED = "lead.scored"
LEAD_ASSIGNED = "lead.assigned"
LEAD_REASSIGNED = "lead.reassigned"
LEAD_UNASSIGNED = "lead.unassigned"
LEAD_LEFT_UNASSIGNED = "lead.left_unassigned"
LEAD_UNACCEPTED = "lead.unaccepted"
LEAD_RESPONDED = "lead.responded"
LEAD_CALL_SCHEDULED = "lead.call_scheduled"
LEAD_RETURNED = "lead.returned"
LEADS_IMPORTED = "leads.imported"
IMPORT_DISCARDED = "import.discarded"
CONTACT_CREATED = "contact.created"
CONTACT_UPDATED = "contact.updated"
CONTACT_DELETED = "contact.deleted"
CONTACT_MERGED = "contact.merged"
CONTACT_MERGED_AWAY = "contact.merged_away"
CONTACT_MERGE_UNDONE = "contact.merge_undone"
CONTACT_RESTORED = "contact.restored"
LEAD_MOVED = "lead.moved"
LEAD_MERGED = "lead.merged"
LEAD_MERGED_AWAY = "lead.merged_away"
DUPLICATE_DISMISSED = "duplicate.dismissed"
DUPLICATE_REOPENED = "duplicate.reopened"
DISPOSITION_CREATED = "disposition.created"
DISPOSITION_UPDATED = "disposition.updated"
DISPOSITION_DELETED = "disposition.deleted"

LABELS = {
    LEAD_CREATED: "Lead created",
    LEAD_UPDATED: "Lead updated",
    LEAD_STAGE_CHANGED: "Stage changed",
    LEAD_DISPOSITION_SET: "Disposition set",
    LEAD_STATUS_CHANGED: "Status changed",
    LEAD_DELETED: "Lead deleted",
    LEAD_RESTORED: "Lead restored",
    LEAD_NOTE_ADDED: "Note added",
    LEAD_SCORED: "Scored",
    LEAD_ASSIGNED: "Assigned",
    LEAD_REASSIGNED: "Handed on",
    LEAD_UNASSIGNED: "Returned to the queue",
    LEAD_LEFT_UNASSIGNED: "Left unassigned",
    LEAD_UNACCEPTED: "Accepted by nobody",
    LEAD_RESPONDED: "First response",
    LEAD_CALL_SCHEDULED: "Call scheduled",
    LEAD_RETURNED: "Returned to the vendor",
    LEADS_IMPORTED: "Leads imported",
    IMPORT_DISCARDED: "Import discarded",
    CONTACT_CREATED: "Contact created",
    CONTACT_UPDATED: "Contact updated",
    CONTACT_DELETED: "Contact deleted",
    CONTACT_MERGED: "Contact merged with another",
    CONTACT_MERGED_AWAY: "Contact merged into another",
    CONTACT_MERGE_UNDONE: "Merge of contacts taken back",
    CONTACT_RESTORED: "Contact restored",
    LEAD_MOVED: "Lead moved to another contact",
    LEAD_MERGED: "Lead merged with another",
    LEAD_MERGED_AWAY: "Lead merged into another",
    DUPLICATE_DISMISSED: "Duplicate dismissed",
    DUPLICATE_REOPENED: "Duplicate taken up again",
    DISPOSITION_CREATED: "Disposition added",
    DISPOSITION_UPDATED: "Disposition changed",
    DISPOSITION_DELETED: "Disposition removed",
}
