from crm.audit.models import AuditEntry, JournalEntry
from crm.audit.recording import record
from leads.tests.factories import LeadFactory


def test_an_event_is_recorded_with_personal_values_only_in_the_journal(in_company, admin):
    lead = LeadFactory()
    record("contact.updated", lead.contact, by=admin, changes={"first_name": ("A", "B"), "country": ("", "US")})
    entry, journal = AuditEntry.objects.get(), JournalEntry.objects.get()
    assert entry.user == admin and entry.object_id == lead.contact_id
    assert [set(c) for c in entry.changes] == [{"field", "before_hash", "after_hash"}, {"field", "before", "after"}]
    assert journal.after == {"first_name": "B", "country": "US"}
