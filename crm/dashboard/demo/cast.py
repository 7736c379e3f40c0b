"""Who is in the demo: two companies, their people, voice agents and vendors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from agents.models import Agent, AgentGoal, Availability, Kind
from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.audit.recording import Event
from crm.core.actors import System
from crm.core.tenancy import company_active
from crm.core.working_hours import WEEKDAYS
from crm.vendors.models import Vendor
from leads.models import Disposition

DAILY_GOALS = {"calls": 40, "reached": 15, "qualified": 5, "talk_minutes": 120}
PASSWORD = "look-around-2026"  # noqa: S105 - printed at every start of a demo
SETUP = System("setup")
ALL_HOURS = {day: [["00:00", "24:00"]] for day in WEEKDAYS}
OFFICE_HOURS = {day: [["08:30", "17:30"]] for day in WEEKDAYS[:5]}


@dataclass(frozen=True)
class Person:
    """One who signs in. An agent holds `load` of its `capacity` when the demo begins."""

    first_name: str
    last_name: str
    role: str = Role.AGENT
    username: str | None = None
    capacity: int = 0
    load: int = 0
    availability: str = Availability.AVAILABLE
    timezone: str = ""
    is_active: bool = True
    abroad: float = 0  # share of its leads who are awake while the rest sleep


@dataclass(frozen=True)
class Voice:
    """A voice agent; without `capacity` it holds as many leads as it is given."""

    name: str
    script: str
    hours: dict[str, list[list[str]]]
    load: int
    capacity: int | None = None
    timezone: str = ""
    voice: str = "alloy"
    abroad: float = 0
    lines: int = 3
    retry_minutes: int = 60


@dataclass(frozen=True)
class Cast:
    """A company to be made. `queue` leads wait without an agent, `closed` are done, `deleted` were thrown away."""

    name: str
    domain: str
    people: Sequence[Person]
    voices: Sequence[Voice] = ()
    vendors: Sequence[tuple[str, str]] = ()
    outcomes: Sequence[tuple[str, str, bool, bool]] = ()
    queue: int = 0
    closed: int = 0
    deleted: int = 0
    timezone: str = "America/New_York"
    accept_minutes: int | None = None
    script: str = ""


@dataclass
class Setting:
    """What was made of a cast."""

    company: Company
    users: list[User]
    agents: dict[Agent, int]
    vendors: list[Vendor]
    abroad: dict[str, float] = field(default_factory=dict)  # by agent's name, the share of leads there
    events: list[Event] = field(default_factory=list)

    def first(self, role: str) -> User:
        return next(user for user in self.users if user.role == role)


BRIGHTWATER = Cast(
    "Brightwater Solar",
    "brightwater.example.com",
    [
        Person("Ines", "Calder", Role.ADMIN, "admin"),
        Person("Omar", "Whitlock", Role.MANAGER, "manager"),
        Person("Greta", "Lindqvist", Role.MANAGER),
        Person("Priya", "Sethi", username="agent", capacity=60, load=44, abroad=0.4),
        Person("Tomas", "Reeve", capacity=40, load=40),
        Person("Leila", "Farrow", capacity=50, load=47),
        Person("Kofi", "Oduya", capacity=45, load=41, availability=Availability.BUSY),
        Person("Mara", "Bellamy", capacity=60, load=52),
        Person("Hector", "Galvez", capacity=35, load=35),
        Person("Nadia", "Iversen", capacity=50, load=29, timezone="America/Chicago"),
        Person("Jonas", "Thorne", capacity=40, load=22, timezone="America/Denver"),
        Person("Celia", "Navarro", capacity=60, load=31, timezone="America/Los_Angeles"),
        Person("Samir", "Khan", capacity=30, load=9, availability=Availability.AWAY),
        Person("Stella", "Moreau", capacity=25, load=3),
        Person("Arlo", "Jensen", capacity=25, load=0, availability=Availability.OFFLINE),
        Person("Edith", "Stone", capacity=30, load=0, availability=Availability.OFFLINE, is_active=False),
    ],
    [
        Voice(
            "Nova",
            "Hello {{first_name|there}}, this is Nova from Brightwater Solar. You asked us about solar power. "
            "Press 1 to talk to Priya, 2 to be called tomorrow, 3 for an offer, 9 to be taken off our list.\n"
            "[1 transfer +12125550133 Priya Sethi] I am putting you through to Priya.\n"
            "[2 call back] Until tomorrow.\n"
            "[3 qualified] You will have our offer within the day.\n"
            "[9 opt out] You are off our list. Goodbye.\n"
            "[voicemail] Hello {{first_name|there}}, Nova from Brightwater Solar. We will try you again.",
            ALL_HOURS,
            load=140,
            retry_minutes=5,
        ),
        Voice(
            "Lyra",
            "Hello {{first_name|there}}, Lyra from Brightwater Solar, about the panels for {{company|your home}}.",
            ALL_HOURS,
            load=90,
            timezone="Europe/London",
            voice="shimmer",
            abroad=1,
            lines=2,
            retry_minutes=5,
        ),
        Voice(
            "Echo",
            "Good day {{first_name}}, Echo speaking for Brightwater Solar, about the offer that we sent you.",
            OFFICE_HOURS,
            load=85,
            capacity=100,
            timezone="America/Chicago",
            voice="verse",
        ),
    ],
    [("DEMO001", "Sunrise Lead Exchange"), ("ROOFS24", "Roofs in a Day")],
    [("site_visit", "Site visit booked", False, True), ("too_expensive", "Too expensive", True, True)],
    queue=186,
    closed=2150,
    deleted=24,
    accept_minutes=45,
    script=(
        "Hello {{first_name|there}}, this is {{agent}} from Brightwater Solar. You asked us about solar power.\n"
        "What made you think of it now? Who else decides about it with you?\n"
        "Most of our customers save a third of what they pay for power today. I can send you an offer this week, or "
        "come by and look at the roof of {{company|your house}}."
    ),
)
FERNHILL = Cast(
    "Fernhill Dental Group",
    "fernhill.example.org",
    [
        Person("Yara", "Norwood", Role.ADMIN, "fernhill"),
        Person("Callum", "Birch", capacity=25, load=18),
        Person("Vera", "Mistry", capacity=25, load=11),
    ],
    queue=9,
    closed=44,
    deleted=1,
    timezone="America/Los_Angeles",
)
CASTS = (BRIGHTWATER, FERNHILL)


def make_company(cast: Cast, since: datetime) -> Setting:
    """The company with its people, agents, vendors and outcomes, as if set up at `since`."""
    company = Company.objects.create(
        name=cast.name,
        timezone=cast.timezone,
        sla_duration_minutes=1440,
        sla_by_priority={"urgent": 120, "high": 480},
        accept_minutes=cast.accept_minutes,
        record_calls=True,
        created_at=since,
    )
    with company_active(company.pk):
        users = _users(cast, company, since)
        agents = _agents(cast, users, since)
        vendors = Vendor.objects.create_many(
            [Vendor(code=code, name=name, created_at=since) for code, name in cast.vendors]
        )
        Disposition.objects.create_many(
            Disposition(key=key, label=label, is_final=final, reached_person=reached, created_at=since)
            for key, label, final, reached in cast.outcomes
        )
        abroad = {f"{person.first_name} {person.last_name}": person.abroad for person in cast.people}
        abroad |= {voice.name: voice.abroad for voice in cast.voices}
        made = Setting(company, users, agents, vendors, abroad)
        made.events = _events(made, since)
    return made


def _users(cast: Cast, company: Company, since: datetime) -> list[User]:
    password = make_password(PASSWORD)
    users = [
        User(
            company=company,
            email=f"{person.first_name}.{person.last_name}@{cast.domain}".lower(),
            username=person.username,
            first_name=person.first_name,
            last_name=person.last_name,
            role=person.role,
            is_active=person.is_active,
            password=password,
            date_joined=since,
        )
        for person in cast.people
    ]
    User.objects.bulk_create(users)
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )
    return users


def _agents(cast: Cast, users: list[User], since: datetime) -> dict[Agent, int]:
    """Each with the number of open leads that it is to hold."""
    people = [(person, user) for person, user in zip(cast.people, users, strict=True) if person.role == Role.AGENT]
    agents = [
        Agent(
            user=user,
            name=user.name,
            is_active=person.is_active,
            availability=person.availability,
            timezone=person.timezone,
            max_capacity=person.capacity,
            voice_script=cast.script,
            created_at=since,
        )
        for person, user in people
    ]
    agents += [
        Agent(
            kind=Kind.VOICE,
            name=voice.name,
            timezone=voice.timezone,
            business_hours=voice.hours,
            max_capacity=voice.capacity,
            max_concurrent_calls=voice.lines,
            retry_delay_minutes=voice.retry_minutes,
            voice_script=voice.script,
            voice=voice.voice,
            caller_number="+12125550100",
            created_at=since,
        )
        for voice in cast.voices
    ]
    loads = [person.load for person, _ in people] + [voice.load for voice in cast.voices]
    made = Agent.objects.create_many(agents)
    goals = [AgentGoal(agent=agent, **DAILY_GOALS) for agent in made if agent.kind == Kind.HUMAN]
    AgentGoal.objects.create_many(goals)
    return dict(zip(made, loads, strict=True))


def _events(made: Setting, since: datetime) -> list[Event]:
    admin, moment = made.first(Role.ADMIN), since + timedelta(minutes=30)
    events = [Event("company.registered", made.company, admin, at=since)]
    events += [Event("user.created", user, admin, data={"role": user.role}, at=moment) for user in made.users]
    events += [Event("agent.created", agent, admin, data={"kind": agent.kind}, at=moment) for agent in made.agents]
    return events + [Event("vendor.created", vendor, admin, at=moment) for vendor in made.vendors]
