"""The admin's site: managers and administrators of one company, behind the product's own sign-in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

SECTIONS = (  # title, models with their icons; what no section names comes last
    (
        "Leads",
        {
            "leads.Lead": "phone_in_talk",
            "leads.Contact": "contacts",
            "leads.Disposition": "flag",
            "leads.Assignment": "swap_horiz",
            "leads.StageChange": "filter_alt",
            "leads.Note": "sticky_note_2",
            "leads.RoutingRule": "call_split",
            "leads.DuplicatePair": "content_copy",
            "sla.Timer": "timer",
        },
    ),
    ("Calls", {"calls.Call": "call", "calls.CallEvent": "cell_tower"}),
    (
        "People",
        {
            "agents.Agent": "headset_mic",
            "agents.AgentGoal": "target",
            "accounts.User": "group",
            "accounts.Invitation": "forward_to_inbox",
        },
    ),
    (
        "Contact rules",
        {
            "compliance.ContactDecision": "rule",
            "compliance.ConsentEvent": "verified_user",
            "compliance.Suppression": "block",
            "compliance.StricterHours": "schedule",
            "compliance.IncomingText": "sms",
        },
    ),
    (
        "Company",
        {
            "accounts.Company": "domain",
            "vendors.Vendor": "storefront",
            "vendors.VendorPost": "move_to_inbox",
            "vendors.VendorReturn": "undo",
            "lists.SavedSearch": "bookmark",
        },
    ),
    (
        "On record",
        {
            "audit.AuditEntry": "history",
            "jobs.Job": "checklist",
            "jobs.JobError": "error",
            "notifications.Notification": "notifications",
            "mail.Mail": "mail",
        },
    ),
)
TITLES = {
    "accounts.Company": "Settings",
    "audit.AuditEntry": "Audit log",
    "mail.Mail": "Mail",
    "sla.Timer": "Deadlines",
    "lists.SavedSearch": "Views of lists",
}
SHORTCUTS = (  # title, model, what its list is narrowed to
    ("Unassigned leads, oldest first", "leads.Lead", "open=yes&holder=none&o=10"),
    ("Past their response time", "leads.Lead", "open=yes&sla=breached"),
    ("Due within half an hour", "leads.Lead", "open=yes&sla=due_soon"),
    ("Duplicates", "leads.Lead", "open=yes&is_duplicate__exact=1"),
    ("Fullest agents", "agents.Agent", "is_active__exact=1&o=-5"),
    ("Mail that was given up", "mail.Mail", "state__exact=failed"),
)
HISTORY_LENGTH = 200


class ProductAdminConfig(AdminConfig):
    default_site = "crm.accounts.admin_site.CompanyAdminSite"


class CompanyAdminSite(UnfoldAdminSite):
    """Who may: `User.is_staff`, which is the role's `admin.use`. A superuser works in one company at a time."""

    index_title = "The managers' desk"
    index_template = "admin/desk.html"
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # it goes round the actions

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """A package's own admin knows no company, so it is for the superuser alone."""
        from crm.core.admin import safe_admin

        super().register(model_or_iterable, safe_admin(admin_class), **options)

    def get_urls(self) -> list[Any]:
        return [path("company/", self.choose_company, name="company"), *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        from crm.accounts.models import Company

        superuser = bool(getattr(request.user, "is_superuser", False))
        choices = Company.objects.only("name").order_by("name") if superuser else ()
        return {
            **super().each_context(request),
            "company_chosen": request_company(request),
            "company_choices": choices,
            "site_subheader": getattr(request_company(request), "name", ""),
        }

    @method_decorator(require_POST)
    def choose_company(self, request: HttpRequest) -> HttpResponse:
        from crm.accounts.middleware import CHOSEN
        from crm.accounts.models import Company
        from crm.core.tenancy import get_or_refuse

        if not (request.user.is_active and getattr(request.user, "is_superuser", False)):
            raise PermissionDenied
        company = get_or_refuse(Company.objects.all(), request.POST.get("company", ""))
        request.session[CHOSEN] = str(company.pk)
        messages.success(request, f"You now work in {company.name}.")
        return redirect("admin:index")

    # --- the product's own doors in place of Django's ------------------------------------------------------------

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
        """The product's sign-in, with its second factor and its limits; whoever is in and may not enter gets 403."""
        from allauth.account.decorators import secure_admin_login

        return secure_admin_login(super().login)(request, extra_context)  # type: ignore[no-any-return]

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        from allauth.account.views import logout

        return logout(request)  # type: ignore[no-any-return]

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return redirect("admin:index")

    def search(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Unfold's search keeps its answers by user alone, not by company; each list has its own."""
        raise Http404

    # --- what is shown -------------------------------------------------------------------------------------------

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        offered = self.offered(request)
        shortcuts = [(title, f"{offered[m]['admin_url']}?{query}") for title, m, query in SHORTCUTS if m in offered]
        context = {"sections": self.sections(request), "shortcuts": shortcuts if request_company(request) else ()}
        return super().index(request, {**context, **(extra_context or {})})

    def offered(self, request: HttpRequest) -> dict[str, Any]:
        """What this user may see, by label, as Django describes it."""
        return {model["model"]._meta.label: model for app in self.get_app_list(request) for model in app["models"]}

    def sections(self, request: HttpRequest) -> list[dict[str, Any]]:
        """`{"title", "items": [{"title", "link", "icon", "add"}]}` of what this user may see."""
        from crm.core.tenancy import TenantModel

        offered = self.offered(request)
        named = [
            (title, {label: icon for label, icon in icons.items() if label in offered}) for title, icons in SECTIONS
        ]
        rest = dict.fromkeys(offered.keys() - {label for _, icons in named for label in icons}, "settings")
        ours = {label: icon for label, icon in sorted(rest.items()) if issubclass(offered[label]["model"], TenantModel)}
        platform = {label: icon for label, icon in sorted(rest.items()) if label not in ours}
        groups = [*named, ("Further", ours), ("Platform", platform)]
        return [{"title": title, "items": [*_items(icons, offered)]} for title, icons in groups if icons]

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        home = {"title": "Desk", "link": reverse("admin:index"), "icon": "home", "has_permission": True}
        home["active"] = request.path == home["link"]
        groups: list[dict[str, Any]] = [{"items": [home]}, *self.sections(request)]
        for group in groups[1:]:
            for item in group["items"]:
                item["has_permission"] = True
                item["active"] = request.path.startswith(item["link"])
        return groups

    def history_of(self, row: Any) -> Sequence[Any]:
        """The object's audit entries, newest first, each with its action in words."""
        from crm.audit.labels import label_of
        from crm.audit.models import AuditEntry

        rows = AuditEntry.objects.filter(object_id=row.pk).select_related("user").order_by("-id")
        return [(entry, label_of(entry.action)) for entry in rows[:HISTORY_LENGTH]]


def request_company(request: HttpRequest) -> Any:
    return getattr(request, "company", None)


def favicon(request: HttpRequest) -> str:
    """For unfold's settings: the product's mark."""
    return static("img/mark.svg")


def style(request: HttpRequest) -> str:
    """For unfold's settings: the desk's own style sheet."""
    return static("css/admin.css")


def _items(icons: dict[str, str], offered: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for label, icon in icons.items():
        model = offered[label]
        if link := model.get("admin_url"):
            yield {"title": TITLES.get(label, model["name"]), "link": link, "icon": icon, "add": model.get("add_url")}
