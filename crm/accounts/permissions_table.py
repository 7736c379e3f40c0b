"""The one table of roles and what they may (`domain.md`, "Who is who"); doors ask `allows(user, "leads.assign")`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from crm.accounts.models import Anonymous, User


class Role(models.TextChoices):
    ADMIN = "admin", "Administrator"
    MANAGER = "manager", "Manager"
    AGENT = "agent", "Agent"


# What an agent may is further limited to its own rows by `.visible_to(user)`.
AGENT = frozenset(
    {
        "leads.view",
        "leads.create",
        "leads.update",
        "leads.delete",
        "leads.assign_own",  # hand on or unassign what it holds
        "leads.claim",
        "contacts.view",
        "contacts.create",
        "contacts.update",
        "consent.record",
        "agents.view",
        "agents.set_own_availability",
        "agents.set_own_goals",
        "dispositions.view",
        "calls.view",
        "calls.schedule",
        "calls.log",
        "calls.dial",  # leads that it holds, from the cockpit
        "jobs.view",
        "lists.export",  # of the lists that it may look at
        "saved_searches.use",
        "notifications.view",  # one's own
    }
)
MANAGER = AGENT | {
    "leads.view_all",
    "leads.assign",
    "leads.bulk",
    "leads.import",
    "leads.return",  # to the vendor that sent them
    "contacts.delete",
    "compliance.view",
    "suppressions.view",  # masked
    "suppressions.manage",
    "contacts.merge",  # leads too; the list of duplicates, and the search for them
    "agents.manage",
    "dispositions.manage",
    "calls.manage",
    "routing.manage",  # which agents new leads go to
    "jobs.view_all",
    "admin.use",
}
ADMIN = MANAGER | {
    "users.manage",
    "company.manage",
    "compliance.manage",
    "suppressions.see_addresses",
    "audit.view",
    "vendors.manage",
    "connections.manage",  # the company's own accounts at providers
    "vendors.scorecard",
    "leads.ping",
    "mail.view",
    "saved_searches.manage",
}

# By its key, on the routes that take keys; no user has this role.
VENDOR_ROLE = "vendor"
VENDOR = frozenset({"leads.create", "leads.ping", "vendors.scorecard"})

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.ADMIN: ADMIN,
    Role.MANAGER: MANAGER,
    Role.AGENT: AGENT,
    VENDOR_ROLE: VENDOR,
}

# Django admin asks in its own words; what is missing here only a platform superuser sees.
DJANGO_MODELS = {
    "leads.lead": "leads",
    "leads.contact": "contacts",
    "leads.disposition": "dispositions",
    "leads.assignment": "leads",
    "leads.stagechange": "leads",
    "leads.note": "leads",
    "sla.timer": "leads",
    "notifications.notification": "users",
    "compliance.contactdecision": "compliance",
    "compliance.consentevent": "compliance",
    "compliance.incomingtext": "compliance",
    "compliance.suppression": "suppressions",
    "compliance.stricterhours": "compliance",
    "leads.routingrule": "routing",
    "leads.duplicatepair": "contacts",
    "agents.agent": "agents",
    "agents.agentgoal": "agents",
    "calls.call": "calls",
    "calls.callevent": "calls",
    "providers.connection": "connections",
    "vendors.vendor": "vendors",
    "vendors.vendorpost": "vendors",
    "vendors.vendorreturn": "vendors",
    "accounts.user": "users",
    "accounts.invitation": "users",
    "accounts.company": "company",
    "audit.auditentry": "audit",
    "jobs.job": "jobs",
    "jobs.joberror": "jobs",
    "lists.savedsearch": "saved_searches",
    "mail.mail": "mail",
    "mail.mailattempt": "mail",
}
READ_ONLY = {
    "compliance.contactdecision",
    "compliance.consentevent",
    "compliance.incomingtext",
    "lists.savedsearch",
    "jobs.job",
    "jobs.joberror",
    "leads.assignment",
    "leads.stagechange",
    "sla.timer",
    "calls.callevent",
    "notifications.notification",
    "audit.auditentry",
    "mail.mail",
    "mail.mailattempt",
}


def allows(user: User | Anonymous, permission: str) -> bool:
    """Whether the role may do this at all; a platform superuser may everything in the company it works in."""
    if not user.is_active:
        return False
    return bool(getattr(user, "is_superuser", False)) or permission in PERMISSIONS.get(user.role, frozenset())


def django_permission(user: User, perm: str) -> bool:
    """`leads.change_lead` in the words of the table: admin needs `admin.use` and the subject's own permission."""
    app, _, codename = perm.partition(".")
    verb, _, model = codename.partition("_")
    subject = DJANGO_MODELS.get(f"{app}.{model}")
    if subject is None or not allows(user, "admin.use"):
        return False
    if verb != "view" and f"{app}.{model}" in READ_ONLY:
        return False
    wanted = {"view": "view", "add": "create", "change": "update", "delete": "delete"}[verb]
    return allows(user, f"{subject}.manage") or allows(user, f"{subject}.{wanted}")
