"""Where one can go from every page, by what one may; a page that is not there is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from crm.accounts.permissions_table import allows
from crm.core.pages import optional_url


@dataclass(frozen=True)
class Place:
    """One entry: the page's url name, its words, and what one must be allowed (empty: nothing)."""

    name: str
    label: str
    icon: str
    permission: str = ""
    keys: str = ""
    namespace: str = ""  # pages below it light it up too
    query: str = ""


@dataclass(frozen=True)
class Link:
    url: str
    label: str
    icon: str
    keys: str
    current: str  # the value of aria-current, or empty


@dataclass(frozen=True)
class Group:
    title: str
    links: tuple[Link, ...]


HOME = Place("dashboard:home", "Home", "house", keys="g h", namespace="dashboard")
LEADS = Place("leads:list", "Leads", "users-round", "leads.view", "g l", "leads", "?status=new,in_progress")
BOARD = Place("leads:board", "Board", "square-kanban", "leads.view", "g b")
COCKPIT = Place("cockpit:home", "Cockpit", "headphones", "calls.dial", "g c", "cockpit")
DEADLINES = Place("sla:board", "Deadlines", "timer", "leads.view", "g d", "sla")
NEW_LEAD = Place("leads:new", "New lead", "plus", "leads.create", "c")
CONTACTS = Place("contacts:list", "Contacts", "contact-round", "contacts.view", "g p", "contacts")
DUPLICATES = Place("duplicates:list", "Duplicates", "copy", "contacts.merge", "g m", "duplicates")
IMPORT = Place("leads:import", "Import", "upload", "leads.import", "g i")
JOBS = Place("jobs:list", "Jobs", "list-checks", "jobs.view", "g j", "jobs")
AGENTS = Place("agents:list", "Agents", "headset", "agents.view", "g a", "agents")
CALLS = Place("calls:list", "Calls", "phone", "calls.view", "g k", "calls")
ROUTING = Place("routing:list", "Routing", "split", "routing.manage", "g r", "routing")
USERS = Place("accounts:users", "Users", "user-cog", "users.manage", "g u")
VENDORS = Place("vendors:list", "Vendors", "store", "vendors.manage", "g v", "vendors")
SETTINGS = Place("accounts:settings", "Company", "settings", "company.manage", "g s")
RULES = Place("compliance:rules", "Contact rules", "shield-check", "compliance.view", namespace="compliance")
AUDIT = Place("audit:list", "Audit log", "scroll-text", "audit.view", "g t", "audit")
PROFILE = Place("accounts:profile", "Your profile", "circle-user-round")
ADMIN = Place("admin:index", "Django admin", "database", "admin.use")
DOCS = Place("docs", "API", "code-xml")
MAIL = Place("mail:list", "Mail sent", "mail", "mail.view", namespace="mail")  # where mails stay readable

GROUPS = (
    ("", (HOME, LEADS, COCKPIT, BOARD, CALLS, DEADLINES, NEW_LEAD, CONTACTS, DUPLICATES, IMPORT, JOBS)),
    ("Team", (AGENTS, ROUTING)),
    ("Company", (USERS, VENDORS, RULES, SETTINGS, AUDIT)),
)
DOCK = (HOME, LEADS, COCKPIT, AGENTS)
DOCK_MORE = (
    NEW_LEAD, BOARD, CALLS, DEADLINES, CONTACTS, DUPLICATES, IMPORT, JOBS, ROUTING, USERS, VENDORS, RULES,
    SETTINGS, AUDIT,
)  # fmt: skip
NOTIFICATIONS = Place("notifications:list", "Notifications", "bell", "notifications.view", "g n", "notifications")
OWN = (NOTIFICATIONS, PROFILE, ADMIN, DOCS)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: side bar, dock and the user's own menu."""
    user: Any = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"home_url": "/"}
    groups = (Group(title, tuple(links(request, places))) for title, places in GROUPS)
    return {
        "home_url": optional_url(HOME.name) or "/",
        "search_url": optional_url(LEADS.name),
        "running_url": optional_url("jobs:running"),
        "bell_url": optional_url("notifications:bell") if user.company_id else "",
        "navigation": [group for group in groups if group.links],
        "dock": list(links(request, DOCK)),
        "dock_more": list(links(request, DOCK_MORE)),
        "own_links": list(links(request, (*OWN, MAIL) if settings.MAIL_READABLE else OWN)),
    }


def links(request: HttpRequest, places: Iterable[Place]) -> Iterable[Link]:
    shown = [place for place in places if not place.permission or allows(request.user, place.permission)]  # type: ignore[arg-type]
    found = [
        Link(url + place.query, place.label, place.icon, place.keys, how_current(request, place))
        for place in shown
        if (url := optional_url(place.name))
    ]
    if any(link.current == "page" for link in found):  # "Import" is lit, not "Leads" above it
        found = [replace(link, current="") if link.current == "true" else link for link in found]
    return found


def how_current(request: HttpRequest, place: Place) -> str:
    match = request.resolver_match
    if match is None:
        return ""
    if match.view_name == place.name:
        return "page"
    return "true" if place.namespace and place.namespace in match.namespaces else ""
