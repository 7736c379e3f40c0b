"""The managers' desk: one company's rows, changed by the same actions as everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin

from crm.core.errors import Refused
from crm.core.tenancy import NotFound, get_or_refuse, unscoped
from crm.core.text import fold

COUNTED = 10_000  # a list counts so far and no further
MOST = 5_000  # rows of one action: larger work is the business of jobs
SECRETS = ("password", "hash", "mac", "token", "secret")

F = TypeVar("F", bound=forms.Form)


class CountedPaginator(Paginator[Any]):
    """Counts to 10,000: beyond that a list says so, instead of making every page wait for the whole table."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[:COUNTED].count()


class RefusableForm(forms.ModelForm):  # type: ignore[type-arg]
    """Shows what the action refused, by its field where it names one."""

    refusal: Refused | None = None

    def clean(self) -> Any:
        """Uniqueness and other rules of rows are the action's to judge, so not asked of the model here."""
        return self.cleaned_data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.refusal is not None:
            named = getattr(self.refusal, "field", None)
            self.add_error(named if named in self.fields else None, self.refusal.message)


class CompanyModelAdmin(ModelAdmin):
    """Lists, searches and changes one company's rows; another's object by its id is 403, and none is 404.

    `perform_create`, `perform_update` and `perform_delete` call the subject's actions; where one is not given, the
    desk does not offer it. What an action refuses is shown in the form, and nothing is written.
    """

    form = RefusableForm
    paginator = CountedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True
    warn_unsaved_form = True
    folded_search: str = ""  # a column that holds folded text, searched word by word
    perform_create: Callable[..., Any] | None = None
    perform_update: Callable[..., Any] | None = None
    perform_delete: Callable[..., Any] | None = None

    # --- who may ---------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.perform_create is not None and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.perform_update is not None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.perform_delete is not None and super().has_delete_permission(request, obj)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """For admin actions: `permissions=["act"]`."""
        return bool(super().has_change_permission(request))

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """No fishing for hashes by `?password__startswith=`."""
        if any(part.endswith(SECRETS) for part in lookup.split("__")):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    # --- what is found ---------------------------------------------------------------------------------------

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Change, delete, history and their POSTs all come through here, the rest through `get_queryset`."""
        return get_or_refuse(self.get_queryset(request), object_id)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise NotFound

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not self.folded_search:
            found, twice = super().get_search_results(request, queryset, search_term)
            return found, twice
        for word in fold(search_term).split():
            queryset = queryset.filter(**{f"{self.folded_search}__contains": word})
        return queryset, False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """A list that nothing narrows says no "show all"."""
        changelist = super().get_changelist_instance(request)
        if not (changelist.has_active_filters or changelist.query):
            changelist.full_result_count = changelist.result_count
        return changelist

    # --- what is written -------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form)(form.__name__, (form,), {"refusal": getattr(request, "refusal", None)})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """A refusal undoes what was written and is shown in the form, which is asked again."""
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = {name: form.cleaned_data[name] for name in form.changed_data if name in form.cleaned_data}
        if change and self.perform_update is not None:
            row = get_or_refuse(self.get_queryset(request), obj.pk)  # as it stands: the form has changed `obj`
            saved = self.perform_update(row, given, by=request.user)
        elif self.perform_create is not None:
            saved = self.perform_create(form.cleaned_data, by=request.user)
        obj.__dict__.update(saved.__dict__)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        if self.perform_delete is not None:
            self.perform_delete(obj, by=request.user)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            with transaction.atomic():
                return super().delete_view(request, object_id, extra_context)
        except Refused as refusal:
            messages.error(request, refusal.message)
            return redirect(self.url("change", object_id))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Deleting is soft and takes nothing along."""
        return [str(obj) for obj in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    # Django's own log has no company and keeps names: the audit log tells it better.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    log_change = log_addition

    def log_deletion(self, request: HttpRequest, obj: Any, object_repr: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return None

    # --- pages -----------------------------------------------------------------------------------------------

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The object's own entries of the audit log."""
        row = self.get_object(request, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise NotFound
        context = {
            **self.admin_site.each_context(request),
            "title": f"History: {self.label(row)}",
            "opts": self.opts,
            "object": row,
            "entries": self.admin_site.history_of(row),  # type: ignore[attr-defined]
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/history.html", context)

    def url(self, page: str, pk: object = None) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=[pk] if pk is not None else [])

    def ask(self, request: HttpRequest, rows: QuerySet[Any], form: forms.Form, *, title: str, button: str) -> Any:
        """The page between choosing an admin action and doing it; it posts the same action with the form's fields."""
        total = rows.order_by().count()
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "form": form,
            "button": button,
            "action": request.POST["action"],
            "across": request.POST.get("select_across", "0"),
            "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "ticked_name": ACTION_CHECKBOX_NAME,
            "total": total,
            "total_words": f"{total:,}",
        }
        return TemplateResponse(request, "admin/ask.html", context)

    def asked(self, request: HttpRequest, form: type[F]) -> F:
        """The form of `ask`, filled once it has come back."""
        return form(request.POST) if request.POST.get("confirmed") else form()

    def actor(self, request: HttpRequest) -> Any:
        """Who acts, for `by=`: nobody else than a user comes in here."""
        return request.user

    def label(self, row: Any) -> str:
        """What a message calls the row."""
        return str(row)

    def too_many(self, request: HttpRequest, rows: QuerySet[Any]) -> bool:
        """Whether the choice is more than one request can do, which is told."""
        if rows.order_by()[: MOST + 1].count() <= MOST:
            return False
        messages.error(request, f"Choose at most {MOST:,} at a time.")
        return True

    def each(self, request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], object], done: str) -> None:
        """`act` on every row, each in a transaction of its own; refusals are told and stop no other row."""
        if self.too_many(request, rows):
            return
        count, refusals = 0, {}
        for row in rows:
            try:
                with transaction.atomic():
                    act(row)
                count += 1
            except Refused as refusal:
                refusals[row.pk] = f"{self.label(row)}: {refusal.message}"
        self.tell(request, count, refusals, done)

    def tell(self, request: HttpRequest, count: int, refusals: Mapping[Any, str], done: str) -> None:
        """What an action did to how many, and the first refusals by name."""
        if count:
            messages.success(request, f"{count:,} {done}.")
        for sentence in [*refusals.values()][:5]:
            messages.error(request, sentence)
        if len(refusals) > 5:
            messages.error(request, f"And {len(refusals) - 5:,} more were refused.")


class ReadOnlyAdmin(CompanyModelAdmin):
    """What only actions write."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_delete_permission = has_change_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


def _everywhere(view: Callable[..., Any]) -> Callable[..., Any]:
    """Such rows point at users of every company; the page is rendered before the scope ends."""

    @wraps(view)
    def run(self: PlatformModelAdmin, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not self.has_module_permission(request):
            raise PermissionDenied
        with unscoped("the platform's own tables, for its superuser"):
            response = view(self, request, *args, **kwargs)
            return response.render() if isinstance(response, TemplateResponse) else response

    return run


class PlatformModelAdmin(ModelAdmin):
    """For models without a company (logs, schedules, addresses): the platform superuser's alone."""

    list_fullwidth = True
    changelist_view = _everywhere(ModelAdmin.changelist_view)
    changeform_view = _everywhere(ModelAdmin.changeform_view)
    delete_view = _everywhere(ModelAdmin.delete_view)
    history_view = _everywhere(ModelAdmin.history_view)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.has_module_permission(request)

    has_change_permission = has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise NotFound


def safe_admin(admin_class: type[Any] | None) -> type[Any]:
    """Ours as it is; a package's own, or none, becomes the platform superuser's alone."""
    if admin_class is None:
        return PlatformModelAdmin
    if issubclass(admin_class, CompanyModelAdmin | PlatformModelAdmin):
        return admin_class
    return type(admin_class.__name__, (PlatformModelAdmin, admin_class), {})
