"""What happened to each lead of the demo, told from its end: who holds it now, or how it was closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from random import Random

from agents.models import Agent
from crm.accounts.permissions_table import Role
from crm.audit.recording import Event
from crm.core.actors import Actor, System, VendorActor, as_user
from crm.dashboard.demo.cast import Setting
from crm.dashboard.demo.people import People
from crm.dashboard.demo.words import NOTES, REASONS, ROOFS, SOURCES, TAGS
from crm.vendors.models import Vendor
from leads import events
from leads.assignment.deadlines import deadline_for, sla_minutes
from leads.models import Assignment, Contact, Lead, Note, Priority, Qualification, Stage, StageChange, Status, Strategy

DAYS_BACK = 60
FUNNEL = (Stage.LEAD, Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER)


class Ending(Enum):
    """How a lead stands at the moment at which the demo begins."""

    WAITING = "in the queue"
    FRESH = "held, no response yet"
    WORKED = "held and being worked"
    CLOSED = "closed"


@dataclass
class Life:
    """One lead's rows and events."""

    contact: Contact
    lead: Lead
    contact_is_new: bool
    moves: list[StageChange] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class Storyteller:
    """Tells lives in one company, which is active; the same seed tells the same ones, relative to `now`."""

    def __init__(self, setting: Setting, now: datetime, dice: Random) -> None:
        self.setting, self.now, self.dice = setting, now, dice
        self.people = People(dice)
        self.manager = next((user for user in setting.users if user.role == Role.MANAGER), setting.first(Role.ADMIN))
        self.holding = dict.fromkeys(setting.agents, 0)
        self.wins = {agent: dice.uniform(0.12, 0.33) for agent in setting.agents}  # share closed as customer
        self.promptness = {agent: dice.uniform(0.82, 0.98) for agent in setting.agents}  # share answered in time

    def tell(self, ending: Ending, holder: Agent | None, contact: Contact | None = None) -> Life:
        """`contact`: of an earlier, closed lead; none makes a new person."""
        dice, source = self.dice, self._source()
        by, vendor = self._creator(source, holder)
        lead = Lead(source=source, vendor=vendor, created_by=as_user(by), priority=self._priority(ending))
        lead.created_at = self._moment_of_creation(ending, lead)
        life = Life(contact or self._meet(lead, holder, by), lead, contact_is_new=contact is None)
        lead.contact, lead.search_text, lead.last_name_key = (
            life.contact,
            life.contact.searchable,
            life.contact.sort_key,
        )
        lead.updated_at = lead.stage_changed_at = lead.created_at
        if dice.random() < 0.45:
            lead.tags = sorted(dice.sample(TAGS, dice.choice((1, 1, 2, 3))))
        if dice.random() < 0.6:
            lead.custom_fields = {"roof": dice.choice(ROOFS), "monthly_bill": dice.randrange(60, 900, 5)}
        self._begin(life, by)
        if holder is not None:
            self._assign(life, holder, ending)
        if ending in (Ending.WORKED, Ending.CLOSED):
            self._work(life, ending)
        self._rate(lead, ending)
        life.contact.lifecycle_stage = lead.stage
        return life

    def _meet(self, lead: Lead, holder: Agent | None, by: Actor) -> Contact:
        share = self.setting.abroad.get(holder.name, 0) if holder is not None else 0
        abroad = share == 1 or self.dice.random() < share
        return self.people.meet(lead.created_at, as_user(by), abroad=abroad)

    # --- How it began --------------------------------------------------------------------------------------------

    def _source(self) -> str:
        names = [name for name in SOURCES if name != "Vendor" or self.setting.vendors]
        return self.dice.choices(names, [SOURCES[name] for name in names])[0]

    def _creator(self, source: str, holder: Agent | None) -> tuple[Actor, Vendor | None]:
        if source == "Vendor":
            vendor = self.dice.choices(self.setting.vendors, [3, 1])[0]
            return VendorActor(vendor.pk, vendor.code), vendor
        if source == "Phone" and holder is not None and holder.user is not None:
            return holder.user, None
        return (self.manager if source in ("Trade fair", "Partner", "Phone") else System("web form")), None

    def _priority(self, ending: Ending) -> Priority:
        weights = (10, 55, 25, 10) if ending is not Ending.FRESH else (5, 65, 22, 8)
        return Priority(self.dice.choices([*Priority], weights)[0])

    def _moment_of_creation(self, ending: Ending, lead: Lead) -> datetime:
        minutes = 60 * 24 * {
            Ending.WAITING: self.dice.triangular(0.005, 6, 0.2),
            Ending.FRESH: 0.0,
            Ending.WORKED: self.dice.triangular(0.05, 40, 2),
            Ending.CLOSED: self.dice.uniform(1, DAYS_BACK - 0.5),
        }[ending]  # fmt: skip
        if ending is Ending.FRESH:
            return self.now - timedelta(minutes=self._fresh_age(lead) + self.dice.uniform(1, 240))
        return self._in_daytime(self.now - timedelta(minutes=minutes))

    def _fresh_age(self, lead: Lead) -> float:
        """Minutes since the assignment, so that some clocks have run out, some are about to, and most are well."""
        limit = sla_minutes(self.setting.company, lead.priority)
        kind = self.dice.random()
        if kind < 0.14:
            age = limit * self.dice.uniform(1.02, 2.5)
        elif kind < 0.28:
            age = limit - self.dice.uniform(6, 28)
        else:
            age = (limit - 35) * self.dice.uniform(0.02, 0.9)
        lead.assigned_at = self.now - timedelta(minutes=age)
        return age

    def _begin(self, life: Life, by: Actor) -> None:
        lead, contact = life.lead, life.contact
        if life.contact_is_new:
            given = {name: (None, value) for name in ("first_name", "last_name", "email", "phone_e164")
                     if (value := getattr(contact, name))}  # fmt: skip
            life.events.append(Event(events.CONTACT_CREATED, contact, by, given, at=lead.created_at))
        data = {"contact_id": contact.pk, "contact_is_new": life.contact_is_new}
        life.events.append(Event(events.LEAD_CREATED, lead, by, data=data, at=lead.created_at))

    # --- Who got it ----------------------------------------------------------------------------------------------

    def _assign(self, life: Life, holder: Agent, ending: Ending) -> None:
        lead, dice = life.lead, self.dice
        if lead.assigned_at is None:
            lead.assigned_at = min(lead.created_at + timedelta(minutes=dice.triangular(2, 900, 15)), self.now)
        before = None
        if ending is not Ending.FRESH and dice.random() < 0.08 and (others := self._others(holder)):
            before = dice.choice(others)
            earlier = lead.created_at + (lead.assigned_at - lead.created_at) / 2
            self.place(life, None, before, Strategy.ROUND_ROBIN, self.manager, earlier)
        strategy, by = self._strategy(holder, handed_on=before is not None)
        self.place(life, before, holder, strategy, by, lead.assigned_at)
        lead.agent, lead.deadline = holder, life.assignments[-1].deadline
        self.holding[holder] += ending is not Ending.CLOSED
        if lead.deadline and lead.deadline < self.now and ending is Ending.FRESH:
            lead.breached_at = lead.deadline

    def _others(self, holder: Agent) -> list[Agent]:
        return [agent for agent in self.setting.agents if agent.pk != holder.pk and agent.kind == holder.kind]

    def _strategy(self, holder: Agent, *, handed_on: bool) -> tuple[Strategy, Actor]:
        if handed_on:
            return Strategy.MANUAL, self.manager
        if holder.user is None:
            return Strategy.MANUAL, System("routing")
        weights = {Strategy.ROUND_ROBIN: 4, Strategy.CAPACITY: 3, Strategy.PERFORMANCE: 1, Strategy.CLAIM: 2}
        strategy = self.dice.choices([*weights], [*weights.values()])[0]
        return strategy, holder.user if strategy == Strategy.CLAIM else self.manager

    def place(self, life: Life, before: Agent | None, to: Agent, strategy: Strategy, by: Actor, at: datetime) -> None:
        current = self.holding[to]
        row = Assignment(
            lead=life.lead,
            from_agent=before,
            to_agent=to,
            user=as_user(by),
            actor_label=by.name if isinstance(by, System) else "",
            strategy=strategy,
            notes="Knows the area" if before else "",
            reason={
                "strategy": strategy, "rank": 1, "pool": len(self.setting.agents), "current": current,
                "max": to.max_capacity, "availability": to.availability, "within_hours": True,
            },
            deadline=deadline_for(self.setting.company, life.lead.priority, at),
            at=at,
        )  # fmt: skip
        life.assignments.append(row)
        action = events.LEAD_REASSIGNED if before else events.LEAD_ASSIGNED
        data = {"agent_id": to.pk, "from_agent_id": before and before.pk, "strategy": strategy, "assignment_id": row.pk}
        life.events.append(Event(action, life.lead, by, {"agent_id": (before and before.pk, to.pk)}, data, at))

    # --- How it was worked ---------------------------------------------------------------------------------------

    def _work(self, life: Life, ending: Ending) -> None:
        """First response, moves in the funnel, notes and outcomes, and where it is closed the close."""
        lead, dice = life.lead, self.dice
        assert lead.agent is not None
        assert lead.assigned_at is not None
        by: Actor = lead.agent.user or System("calls")
        stages, outcome = self._course(ending, self.wins[lead.agent])
        if ending is Ending.WORKED:  # a day and a half in each stage, at least
            stages = stages[: (self.now - lead.assigned_at) // timedelta(hours=36)]
        steps = len(stages) + 1 + dice.choice((0, 1, 1, 2))
        moments = self._moments(lead, steps, ending)
        lead.status, lead.first_response_at = Status.IN_PROGRESS, next(moments)
        if lead.deadline and lead.first_response_at > lead.deadline:
            lead.breached_at = lead.deadline
        for stage in stages:
            self._move(life, stage, by, next(moments, lead.first_response_at))
        for moment in moments:
            self._note(life, by, moment)
        last = max(lead.first_response_at, *(event.at for event in life.events if event.at))
        lead.attempts_count = dice.choice((1, 1, 1, 2, 2, 3)) if ending is Ending.CLOSED else dice.choice((1, 1, 2))
        if outcome:
            self._dispose(life, outcome, by, last, ending)
        if ending is Ending.CLOSED:
            lead.status, lead.closed_at = Status.DONE, last
        elif lead.disposition in ("no_answer", "voicemail", "callback"):
            lead.next_attempt_at = self.now + timedelta(minutes=dice.randrange(-240, 2880, 15))
        lead.updated_at = last

    def _course(self, ending: Ending, wins: float) -> tuple[tuple[Stage, ...], str]:
        """Through which stages it went, and its last outcome."""
        dice = self.dice
        reached = dice.choices(range(4), (40, 25, 20, 15))[0]
        if ending is Ending.WORKED:
            open_outcomes = ("", "contacted", "callback", "no_answer", "voicemail", "qualified", "retainer_sent")
            return FUNNEL[1 : 1 + reached], dice.choices(open_outcomes, (2, 5, 4, 5, 3, 3, 1))[0]
        kind = dice.random()
        if kind < wins:
            return FUNNEL[1:], dice.choice(("completed", "retainer_signed"))
        if kind < wins + 0.34:
            return (*FUNNEL[1 : 1 + reached], Stage.LOST), dice.choice(("not_interested", "not_qualified", ""))
        final = ("not_interested", "hung_up", "not_qualified", "wrong_number", "do_not_call", "no_answer")
        return FUNNEL[1 : 1 + min(reached, 1)], dice.choices(final, (5, 2, 4, 2, 1, 5))[0]

    def _moments(self, lead: Lead, steps: int, ending: Ending) -> Iterator[datetime]:
        """The first response soon after the assignment, the rest spread over the days until now or the close."""
        dice = self.dice
        assert lead.agent is not None
        assert lead.assigned_at is not None
        limit = sla_minutes(self.setting.company, lead.priority)
        prompt = dice.random() < self.promptness[lead.agent]
        wait = limit * (dice.uniform(0.02, 0.8) if prompt else dice.uniform(1.05, 2))
        first = lead.assigned_at + min(timedelta(minutes=wait), (self.now - lead.assigned_at) / 2)
        end = self.now
        if ending is Ending.CLOSED:
            end = min(first + timedelta(days=dice.triangular(0.1, 24, 4)), self.now - timedelta(minutes=30))
        span = max((end - first).total_seconds(), 60)
        later = sorted(first + timedelta(seconds=span * dice.uniform(0.02, 0.98)) for _ in range(steps - 1))
        return iter([first, *(max(first, self._in_daytime(moment)) for moment in later)])

    def _move(self, life: Life, stage: Stage, by: Actor, at: datetime) -> None:
        lead = life.lead
        automatic = stage == Stage.MQL and self.dice.random() < 0.5
        actor: Actor = System("scoring") if automatic else by
        move = StageChange(
            lead=lead,
            from_stage=lead.stage,
            to_stage=stage,
            reason="Combined score of 75 or more" if automatic else self.dice.choice(REASONS[stage]),
            user=as_user(actor),
            is_automatic=automatic or isinstance(actor, System),
            stayed_seconds=max(0, int((at - lead.stage_changed_at).total_seconds())),
            at=at,
        )
        life.moves.append(move)
        data = {"reason": move.reason, "is_automatic": move.is_automatic, "stayed_seconds": move.stayed_seconds}
        changes = {"stage": (lead.stage, stage)}
        life.events.append(Event(events.LEAD_STAGE_CHANGED, lead, actor, changes, data, at))
        lead.stage, lead.stage_changed_at = stage, at

    def _note(self, life: Life, by: Actor, at: datetime) -> None:
        user = as_user(by) or self.manager
        note = Note(lead=life.lead, text=self.dice.choice(NOTES), user=user, created_at=at)
        life.notes.append(note)
        life.events.append(Event(events.LEAD_NOTE_ADDED, life.lead, user, data={"note_id": note.pk}, at=at))

    def _dispose(self, life: Life, outcome: str, by: Actor, at: datetime, ending: Ending) -> None:
        lead = life.lead
        lead.disposition = outcome
        if outcome == "no_answer" and ending is Ending.CLOSED:
            lead.attempts_count = lead.agent.max_attempts if lead.agent else 3
        if outcome == "do_not_call":
            life.contact.do_not_contact = True
        life.events.append(Event(events.LEAD_DISPOSITION_SET, lead, by, {"disposition": ("", outcome)}, at=at))

    # --- What it is worth ----------------------------------------------------------------------------------------

    def _rate(self, lead: Lead, ending: Ending) -> None:
        dice, company = self.dice, self.setting.company
        if ending in (Ending.WAITING, Ending.FRESH) and dice.random() < 0.5:
            return  # nothing is known yet
        middle = {"lead": 38, "mql": 58, "sql": 70, "opportunity": 80, "customer": 90, "lost": 30}[lead.stage]
        lead.score = max(1, min(98, round(dice.gauss(middle, 11))))
        if lead.score >= company.qualify_threshold:
            lead.qualification_status = Qualification.QUALIFIED
        elif lead.score < company.disqualify_threshold:
            lead.qualification_status = Qualification.DISQUALIFIED
        if lead.stage in (Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER) or dice.random() < 0.35:
            lead.deal_value = Decimal(dice.randrange(3_000, 60_000, 50))
        if lead.stage == Stage.OPPORTUNITY and lead.status != Status.DONE:
            lead.expected_close_date = self.now + timedelta(days=dice.randrange(5, 75))

    def _in_daytime(self, moment: datetime) -> datetime:
        """The same day, between seven and seven in the company's east, and never in the future."""
        noon = moment.replace(hour=17, minute=0, second=0)
        return min(noon + (moment - noon) / 2, self.now - timedelta(minutes=1))
