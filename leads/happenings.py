"""A lead's timeline in sentences: what the audit log holds, with names, and notes with their text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.audit.timeline import Happening, entries_for
from leads import events
from leads.assignment.words import PASSED, RETURNED
from leads.models import Assignment, Contact, Lead, Note, Priority, Stage, StageChange, Status, Strategy

PAGE = 20
FILTERS = {"all": "All", "notes": "Notes", "assignments": "Hand-overs", "stages": "Stages"}


@dataclass(frozen=True)
class Entry:
    """One line: who, what they did, perhaps what they wrote, when."""

    at: datetime
    icon: str
    actor: str
    what: str
    quote: str = ""
    why: str = ""
    lead: Lead | None = None  # which one it is about, where there are several


@dataclass(frozen=True)
class Timeline:
    entries: list[Entry]
    older: str  # the id to continue behind, empty at the end


def timeline_of(
    lead: Lead, agents: Mapping[UUID, str], labels: Mapping[str, str], *, show: str, before: str
) -> Timeline:
    """One page of it: two queries for everything, one for a kind alone."""
    if show == "notes":
        return Timeline(
            [note_entry(note) for note in lead.notes.select_related("user").order_by("-created_at")[:200]], ""
        )
    if show == "assignments":
        rows = lead.assignments.select_related("user").order_by("-at")[:200]
        return Timeline([assignment_entry(row, agents) for row in rows], "")
    if show == "stages":
        moves = lead.stage_changes.select_related("user").order_by("-at")[:200]
        return Timeline([stage_entry(move) for move in moves], "")
    return everything(lead, agents, labels, before)


def everything(lead: Lead, agents: Mapping[UUID, str], labels: Mapping[str, str], before: str) -> Timeline:
    return happened_to(all_of(lead), agents, labels, before)


def all_of(lead: Lead) -> list[UUID]:
    """It, its contact and all that were merged into them; no query where the row says that there are none."""
    if getattr(lead, "has_merged", True):  # from `telling_merges()`
        return together([lead.pk], [lead.contact_id])
    return [lead.pk, lead.contact_id]


def together(leads: Collection[UUID], contacts: Collection[UUID]) -> list[UUID]:
    """These, and all that were merged into them: what happened to one happened to the other. One query."""
    merged = Lead.objects.filter(merged_into__in=leads).order_by().values_list("pk", flat=True)
    people = Contact.objects.filter(merged_into__in=contacts).order_by().values_list("pk", flat=True)
    return [*leads, *contacts, *merged.union(people, all=True)]


def happened_to(
    ids: Iterable[UUID],
    agents: Mapping[UUID, str],
    labels: Mapping[str, str],
    before: str,
    leads: Mapping[UUID, Lead] | None = None,
) -> Timeline:
    """One page of what happened to these objects together; `leads`: those that an entry about them is to name."""
    found = entries_for(ids, limit=PAGE + 1, before_id=as_uuid(before))
    shown = found[:PAGE]
    quotes, known = quotes_in(shown), leads or {}
    entries = [replace(told(item, agents, labels, quotes), lead=known.get(item.object_id)) for item in shown]
    return Timeline(entries, str(shown[-1].id) if len(found) > PAGE else "")


def note_texts(ids: Collection[str]) -> dict[UUID, str]:
    return dict(Note.objects.filter(pk__in=ids).values_list("pk", "text"))


# What an entry's `data` names that was written → how it is read; the log itself holds nothing personal.
QUOTED: dict[str, Callable[[Collection[str]], Mapping[UUID, str]]] = {"note_id": note_texts}


def quotes_in(items: Sequence[Happening]) -> dict[str, str]:
    """One query for each kind of writing that is there."""
    found: dict[str, str] = {}
    for name, texts in QUOTED.items():
        if ids := [item.data[name] for item in items if item.data.get(name)]:
            found |= {str(pk): text for pk, text in texts(ids).items()}
    return found


def as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


# --- The log's entries -------------------------------------------------------------------------------------------

ICONS = {
    events.LEAD_CREATED: "plus",
    events.LEAD_UPDATED: "pencil",
    events.LEAD_STAGE_CHANGED: "arrow-right-left",
    events.LEAD_DISPOSITION_SET: "message-square-text",
    events.LEAD_STATUS_CHANGED: "circle-dot",
    events.LEAD_DELETED: "trash-2",
    events.LEAD_RESTORED: "undo-2",
    events.LEAD_NOTE_ADDED: "sticky-note",
    events.LEAD_SCORED: "gauge",
    events.LEAD_ASSIGNED: "user-check",
    events.LEAD_REASSIGNED: "arrow-right-left",
    events.LEAD_UNASSIGNED: "user-minus",
    events.LEAD_LEFT_UNASSIGNED: "user-x",
    events.LEAD_UNACCEPTED: "alarm-clock-off",
    events.LEAD_RESPONDED: "reply",
    events.LEAD_CALL_SCHEDULED: "phone-forwarded",
    events.LEAD_RETURNED: "undo-2",
    "lead.sla_due_soon": "clock-alert",
    "lead.sla_breached": "triangle-alert",
    events.CONTACT_CREATED: "user-plus",
    events.CONTACT_UPDATED: "user-pen",
    events.CONTACT_MERGED: "merge",
    events.CONTACT_MERGED_AWAY: "merge",
    events.CONTACT_MERGE_UNDONE: "split",
    events.CONTACT_RESTORED: "undo-2",
    events.LEAD_MOVED: "arrow-right-left",
    events.LEAD_MERGED: "merge",
    events.LEAD_MERGED_AWAY: "merge",
}
PLAIN = {
    events.LEAD_CREATED: "created the lead",
    events.LEAD_DELETED: "deleted the lead",
    events.LEAD_RESTORED: "restored the lead",
    events.LEAD_NOTE_ADDED: "wrote a note",
    events.LEAD_RESPONDED: "made the first response",
    events.LEAD_CALL_SCHEDULED: "put it at the front, to be called",
    events.LEAD_RETURNED: "gave it back to its vendor",
    "lead.sla_due_soon": "reminded the agent: the deadline is near",  # told by a higher floor
    "lead.sla_breached": "saw the deadline pass without a response",
    events.CONTACT_CREATED: "added the contact",
    events.CONTACT_MERGED: "merged the contact with another",
    events.CONTACT_MERGED_AWAY: "merged the other contact into this one",
    events.CONTACT_MERGE_UNDONE: "took the merge of the contact back",
    events.CONTACT_RESTORED: "restored the contact",
    events.LEAD_MOVED: "moved the lead to another contact",
    events.LEAD_MERGED: "merged the lead with another",
    events.LEAD_MERGED_AWAY: "merged the other lead into this one",
}


def register(words: Mapping[str, str], icon: str, **quoted: Callable[[Collection[str]], Mapping[UUID, str]]) -> None:
    """What an app above tells of a lead: action → what was done, to stand behind whoever did it.

    `quoted`: how to read what an entry's `data` names, by the name of its field there.
    """
    PLAIN.update(words)
    ICONS.update(dict.fromkeys(words, icon))
    QUOTED.update(quoted)


def told(item: Happening, agents: Mapping[UUID, str], labels: Mapping[str, str], quotes: Mapping[str, str]) -> Entry:
    return Entry(
        at=item.at,
        icon=ICONS.get(item.action, "history"),
        actor=who(item.actor, item.data.get("agent_id"), agents),
        what=sentence(item, agents, labels),
        quote=next((quotes[str(pk)] for name in QUOTED if str(pk := item.data.get(name)) in quotes), "")
        or str(item.data.get("reason") or ""),
    )


def who(actor: str, agent: Any, agents: Mapping[UUID, str]) -> str:
    """A part of the product that does an agent's work is shown as the agent, where that is known."""
    if actor in FOR_AGENTS:
        return agents.get(as_uuid(str(agent)), "") or FOR_AGENTS[actor]  # type: ignore[arg-type]
    return actor[:1].upper() + actor[1:] or "The product"


FOR_AGENTS: dict[str, str] = {}  # actor's label → its name where no agent is known


def sentence(item: Happening, agents: Mapping[UUID, str], labels: Mapping[str, str]) -> str:
    if item.action in (events.LEAD_ASSIGNED, events.LEAD_REASSIGNED):
        what = handed(agents, item.data.get("agent_id"), item.data.get("from_agent_id"), item.data.get("strategy", ""))
        return f"{what}{by_rule(item.data.get('rule_name'))}"
    if item.action == events.LEAD_LEFT_UNASSIGNED:
        return f"left it in the queue{by_rule(item.data.get('rule_name'))}: nobody there could take it"
    if item.action == events.LEAD_UNASSIGNED:
        return f"returned it to the queue from {named(agents, item.data.get('from_agent_id'))}"
    if item.action in PLAIN:
        return PLAIN[item.action]
    after = {change["field"]: change.get("after") for change in item.changes}
    if item.action == events.LEAD_STAGE_CHANGED:
        known = after.get("stage") in Stage.values
        return f"moved it to {Stage(str(after['stage'])).label}" if known else "moved its stage"
    if item.action == events.LEAD_DISPOSITION_SET:
        key = str(after.get("disposition") or "")
        return f"set the outcome {labels.get(key, key)}" if key else "took the outcome back"
    if item.action == events.LEAD_STATUS_CHANGED and after.get("status") in Status.values:
        return f"set the status {Status(str(after['status'])).label}"
    if after:
        return f"changed {listed(FIELD_WORDS.get(name, name.replace('_', ' ')) for name in after)}{to_words(after)}"
    return item.label[:1].lower() + item.label[1:]


FIELD_WORDS = {
    "phone_e164": "the phone number",
    "email": "the e-mail address",
    "first_name": "the first name",
    "last_name": "the last name",
    "organization": "the organisation",
    "deal_value": "the value",
    "expected_close_date": "the expected close",
    "qualification_status": "the qualification",
    "custom_fields": "further fields",
    "priority": "the priority",
    "source": "the source",
    "tags": "the tags",
    "score": "the score",
    "title": "the role",
}


def to_words(after: Mapping[str, Any]) -> str:
    """The new value, where there is one field and it is not personal."""
    if len(after) != 1:
        return ""
    (name, value), *_ = after.items()
    if name == "priority" and value in Priority.values:
        return f" to {Priority(value).label}"
    return f" to {value}" if name in ("score", "source") and value not in (None, "") else ""


def listed(words: Iterable[str]) -> str:
    *rest, last = list(words)
    return f"{', '.join(rest)} and {last}" if rest else last


def named(agents: Mapping[UUID, str], pk: Any) -> str:
    found = as_uuid(str(pk)) if pk else None
    return agents.get(found, "an agent") if found else "nobody"


def by_rule(name: Any) -> str:
    return f" by the rule “{name}”" if name else ""


def handed(agents: Mapping[UUID, str], to: Any, from_: Any, strategy: str) -> str:
    if strategy == Strategy.CLAIM:
        return f"claimed it for {named(agents, to)}"
    how = f" by {Strategy(strategy).label.lower()}" if strategy in (set(Strategy.values) - {Strategy.MANUAL}) else ""
    verb = f"handed it from {named(agents, from_)} to" if from_ else "gave it to"
    return f"{verb} {named(agents, to)}{how}"


# --- One kind alone ----------------------------------------------------------------------------------------------


def note_entry(note: Note) -> Entry:
    return Entry(
        note.created_at, "sticky-note", note.user.name if note.user else "The product", "wrote a note", note.text
    )


def stage_entry(move: StageChange) -> Entry:
    actor = move.user.name if move.user else "The product"
    return Entry(move.at, "arrow-right-left", actor, f"moved it to {Stage(move.to_stage).label}", move.reason)


def assignment_entry(row: Assignment, agents: Mapping[UUID, str]) -> Entry:
    """With why this agent, as it stood at that moment."""
    actor = row.user.name if row.user else row.actor_label.capitalize() or "The product"
    if row.to_agent_id is None:
        what, icon = f"returned it to the queue from {named(agents, row.from_agent_id)}", "user-minus"
    elif row.to_agent_id == row.from_agent_id:
        what, icon = f"left it with {named(agents, row.to_agent_id)}", "user-check"
    else:
        what, icon = handed(agents, row.to_agent_id, row.from_agent_id, row.strategy), "user-check"
        what += by_rule((row.reason.get("rule") or {}).get("name"))
    return Entry(row.at, icon, actor, what, row.notes, why_words(row.reason, agents))


def why_words(reason: Mapping[str, Any], agents: Mapping[UUID, str]) -> str:
    """Why this agent, from the placement's stored reason."""
    if returned := reason.get("returned"):
        return f"Because: {RETURNED.get(returned, str(returned).replace('_', ' '))}."
    parts: list[str] = []
    if reason.get("pool", 0) > 1:
        parts.append(f"chosen from {reason['pool']}")
    if "current" in reason:
        room = reason.get("max")
        parts.append(f"held {reason['current']}{'' if room is None else f' of {room}'}")
    if reason.get("availability"):
        hours = "" if reason.get("within_hours", True) else ", outside business hours"
        parts.append(f"{reason['availability']}{hours}")
    if reason.get("score") is not None:
        parts.append(f"performance {round(reason['score'])}")
    passed: Sequence[Mapping[str, Any]] = reason.get("passed_over") or ()
    parts += [
        f"{named(agents, one.get('agent_id'))} passed over: {PASSED.get(one['why'], one['why'])}" for one in passed[:2]
    ]
    return f"Why: {'; '.join(parts)}." if parts else ""
