"""Whatever hangs on a contact or a lead goes along with a merge, or says why it stays: held over the whole project."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from crm.accounts.models import Company, User
from crm.core.tenancy import company_active, unscoped
from crm.core.testing.rows import row_of, tenant_models
from leads.duplicates.merging import merge_contacts
from leads.duplicates.merging_leads import merge_leads
from leads.duplicates.moves import keys_to, name_of, staying
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory, LeadFactory


def test_what_stays_is_there_and_says_why() -> None:
    known = {name_of(field) for target in (Contact, Lead) for field in keys_to(target)}
    assert {name for name in staying() if name not in known} == set()
    assert all(len(why) > 10 for why in staying().values())


def rows_on(company: Company, target: type[models.Model], other: Any) -> list[str]:
    """A row of every model that has a key to it, pointing at `other`; their `label.field`."""
    made: dict[str, Any] = {target._meta.label: other}
    if target is Lead:
        made["leads.Contact"] = other.contact
    for model in tenant_models():
        row_of(model, company, "okapi", made)
    return [name_of(field) for field in keys_to(target)]


@pytest.mark.parametrize("target", [Contact, Lead], ids=["contact", "lead"])
def test_every_row_of_every_table_goes_along(company: Company, manager: User, target: type[models.Model]) -> None:
    with company_active(company.pk):
        this: Any = ContactFactory() if target is Contact else LeadFactory()
        other: Any = ContactFactory() if target is Contact else LeadFactory(contact=this.contact)
    names = rows_on(company, target, other)
    with company_active(company.pk):
        merge: Any = merge_contacts if target is Contact else merge_leads
        merge(this, other, by=manager)
    left = set()
    with unscoped("test"):
        for field in keys_to(target):
            if field.model is target:
                continue
            rows = field.model._base_manager.filter(**{field.attname: other.pk})
            left |= {name_of(field)} if rows.exists() else set()
    assert left <= set(staying()), f"{left - set(staying())} stay with the row that was merged away"
    assert names
