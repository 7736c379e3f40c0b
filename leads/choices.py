"""The fixed words of leads and contacts."""

from __future__ import annotations

from django.db import models


class Stage(models.TextChoices):
    LEAD = "lead", "Lead"
    MQL = "mql", "MQL"
    SQL = "sql", "SQL"
    OPPORTUNITY = "opportunity", "Opportunity"
    CUSTOMER = "customer", "Customer"
    LOST = "lost", "Lost"


CLOSED_STAGES = (Stage.CUSTOMER, Stage.LOST)


class Status(models.TextChoices):
    NEW = "new", "New"
    IN_PROGRESS = "in_progress", "In progress"
    DONE = "done", "Done"


class Priority(models.IntegerChoices):
    """Stored as a number, so that it sorts; shown and accepted by name."""

    LOW = 1, "Low"
    NORMAL = 2, "Normal"
    HIGH = 3, "High"
    URGENT = 4, "Urgent"


class Qualification(models.TextChoices):
    UNQUALIFIED = "unqualified", "Unqualified"
    QUALIFIED = "qualified", "Qualified"
    DISQUALIFIED = "disqualified", "Disqualified"


class OptIn(models.TextChoices):
    OPTED_IN = "opted_in", "Opted in"
    OPTED_OUT = "opted_out", "Opted out"
    UNKNOWN = "unknown", "Unknown"


class Strategy(models.TextChoices):
    """How a placement chose its agent."""

    MANUAL = "manual", "By hand"
    ROUND_ROBIN = "round_robin", "Round robin"
    CAPACITY = "capacity", "Most room"
    PERFORMANCE = "performance", "Best performance"
    CLAIM = "claim", "Claimed"


class Complaint(models.TextChoices):
    """What the person said of being reached, where a lead is given back for it."""

    COMPLAINT = "complaint", "They complained about being contacted"
    DO_NOT_CALL = "do_not_call", "They asked not to be called"
