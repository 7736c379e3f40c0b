"""What the list and the board have in common: which leads the address means, its tabs, its chips and its menu."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse

from agents.models import Agent
from agents.querysets import is_uuid
from crm.accounts.permissions_table import allows
from crm.core.api.problems import Unacceptable
from crm.core.http import Request
from crm.lists.listings import SAVED
from crm.lists.menus import merged
from crm.lists.models import SavedSearch
from leads import board, listing
from leads.filters import LeadFilter
from leads.lists import lead_words
from leads.models import ImportFile, Lead
from leads.querysets import LeadQuerySet
from leads.rows import Holder

MENU_CHOICES = ("stage", "status", "priority", "sla_status")
MENU_FIELDS = frozenset(
    {*MENU_CHOICES, "search", "disposition", "source", "tags", "min_score", "min_deal_value", "created_after"}
)
MANAGERS_MENU_FIELDS = frozenset({"agent_id", "unassigned"})
Naming = Callable[[str, str], str | None]


def list_url(params: QueryDict) -> str:
    return f"{reverse('leads:list')}?{params.urlencode()}" if params else reverse("leads:list")


def board_url(params: QueryDict) -> str:
    return f"{reverse('leads:board')}?{params.urlencode()}" if params else reverse("leads:board")


def for_board(params: QueryDict) -> QueryDict:
    """The list's address for the board: from the top, and sorted by what a board can be sorted by."""
    return without_order(params, board.SORTS)


def for_list(params: QueryDict) -> QueryDict:
    """The board's address for the list."""
    return without_order(params, listing.SORTS)


def filter_url(params: QueryDict, shape: str = "") -> str:
    """Where the filters are chosen, with those in force."""
    rest = params.copy()
    for name in ("cursor", "back"):
        rest.pop(name, None)
    if shape:
        rest["shape"] = shape
    return f"{reverse('leads:filter')}?{rest.urlencode()}"


def without_order(params: QueryDict, sorts: Mapping[str, str]) -> QueryDict:
    """Without the order where it is none of these, and without the place in the list."""
    rest = params.copy()
    for name in ("cursor", "back"):
        rest.pop(name, None)
    if listing.order_named(rest.get("ordering", ""), sorts) is None:
        rest.pop("ordering", None)
    return rest


# --- Which leads -------------------------------------------------------------------------------------------------


def filtered(request: Request, params: Mapping[str, Any]) -> LeadQuerySet:
    """The visible leads that match; raises `Unacceptable` for what no filter understands."""
    visible = Lead.objects.alive().visible_to(request.user)
    return LeadFilter(params, visible, request=request, known=listing.OTHERS).checked()  # type: ignore[return-value]


def matching(
    request: Request, params: QueryDict, sorts: Mapping[str, str] = listing.SORTS
) -> tuple[LeadQuerySet, list[dict[str, str]]]:
    """The leads, or none and what is wrong with the address."""
    problems = []
    if (asked := params.get("ordering")) and listing.order_named(asked, sorts) is None:
        problems.append({"name": "ordering", "text": f"The leads can't be sorted by {asked}."})
    try:
        leads = filtered(request, params)
    except Unacceptable as refused:
        problems += [{"name": str(problem.loc[-1]), "text": problem.msg} for problem in refused.problems]
    if problems:
        return Lead.objects.none(), problems
    return leads, []


def saved_searches(request: Request) -> list[SavedSearch]:
    return [*SavedSearch.objects.of("leads").visible_to(request.user).as_tabs()]


def kept_in_force(params: Mapping[str, Any], searches: Sequence[SavedSearch]) -> SavedSearch | None:
    return next((search for search in searches if str(search.pk) == params.get(SAVED)), None)


def own_agent(request: Request) -> Agent | None:
    return Agent.objects.filter(user=request.user).first()


def short_total(total: int) -> str:
    return f"{listing.COUNT_LIMIT:,}+" if total > listing.COUNT_LIMIT else f"{total:,}"


def trail_of(params: QueryDict, **more: str) -> str:
    """What a lead's page needs to find its neighbours in this list, and the way back."""
    trail = QueryDict(mutable=True)
    rest = params.copy()
    rest.pop("cursor", None), rest.pop("back", None)  # type: ignore[func-returns-value]
    trail["in"] = rest.urlencode()
    for name, value in more.items():
        trail[name] = value
    return trail.urlencode()


def which_leads(request: Request, params: QueryDict) -> str:
    """The filters in force, as the list's chips say them."""
    return "; ".join(lead_words(listing.filters_of(params.dict()), request)) or "All in the list: no filter is set"


# --- Tabs and chips ----------------------------------------------------------------------------------------------


def tabs(
    request: Request, params: QueryDict, own: Agent | Holder | None, searches: Sequence[SavedSearch]
) -> list[dict[str, Any]]:
    views = [*listing.views_for(request.user, own), *listing.saved_views(searches)]
    return [
        {"key": view.key, "label": view.label, "query": view.query, "current": listing.is_current(view, params)}
        for view in views
    ]


def chips(params: QueryDict, searches: Sequence[SavedSearch], names: Naming) -> list[listing.Chip]:
    """The filters of a kept view one by one as well, so that each can be taken away; its name where they overlap."""
    kept = kept_in_force(params, searches)
    if kept is None or params.keys() & kept.filters.keys():
        label = kept.name if kept is not None else "one that is gone"
        return listing.chips_of(params, lambda of, value: label if of == SAVED else names(of, value))
    spelled = QueryDict(mutable=True)
    spelled.update(merged(kept, params.dict()))
    if "ordering" in params:
        spelled["ordering"] = str(params["ordering"])
    return listing.chips_of(spelled, names)


def naming(labels: Mapping[str, str]) -> Naming:
    """Words for values of filters that only the database knows; agents are asked for where a filter names one."""
    agents: dict[str, str] = {}

    def name(of: str, value: str) -> str | None:
        if of == "import_id":
            return import_name(value)
        if of == "agent_id":
            agents.update(agents or {str(pk): words for pk, words in agent_names().items()})
            return agents.get(value.lower())
        return labels.get(value) if of == "disposition" else None

    return name


def agent_names() -> dict[UUID, str]:
    return dict(Agent.objects.order_by("name", "pk").values_list("pk", "name"))


def import_name(pk: str) -> str | None:
    """The file's name; asked for only where the list is filtered by an import."""
    found = ImportFile.objects.filter(pk=pk) if is_uuid(pk) else ImportFile.objects.none()
    return found.values_list("name", flat=True).first()


# --- The menu ----------------------------------------------------------------------------------------------------


def hidden_fields(request: Request, params: QueryDict) -> dict[str, Any]:
    """The filters in force, for the form around the search: those that the menu shows go when it comes."""
    shown, place = menu_fields(request), ("search", "cursor", "back")
    fields = [(name, value) for name, value in params.items() if name not in place]
    return {
        "kept": [pair for pair in fields if pair[0] not in shown],
        "in_menu": [pair for pair in fields if pair[0] in shown],
    }


def menu_fields(request: Request) -> frozenset[str]:
    return MENU_FIELDS | (MANAGERS_MENU_FIELDS if allows(request.user, "leads.view_all") else frozenset())


def menu_context(
    request: Request, params: QueryDict, agents: Mapping[UUID, str], labels: Mapping[str, str]
) -> dict[str, Any]:
    """The filter menu, and as hidden fields what it can't show."""
    named = {str(pk): name for pk, name in agents.items()} if allows(request.user, "leads.view_all") else {}
    menu = {name: options(listing.CHOICES[name], params.get(name, "")) for name in MENU_CHOICES}
    menu["agents"] = options(named, params.get("agent_id", ""))
    menu["dispositions"] = options(labels, params.get("disposition", ""))
    return {"menu": menu, **hidden_fields(request, params)}


def options(choices: Mapping[str, str], chosen: str) -> list[dict[str, Any]]:
    on = {value.lower() for value in chosen.split(",")}
    return [{"value": value, "label": label, "on": value.lower() in on} for value, label in choices.items()]
