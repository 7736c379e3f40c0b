"""Every change of meaning to calls: due leads are called, calls are dialled, told of, ended, logged and canceled."""

from calls.actions.asking import Scheduled, ScheduledMany, schedule_lead, schedule_many
from calls.actions.attended import dial, unfinished_call, wrap_up
from calls.actions.by_hand import log_call, set_call_disposition
from calls.actions.canceling import cancel_call, hang_up
from calls.actions.dialling import place_call
from calls.actions.due import call_due_of, companies_with_due_leads, due_agents
from calls.actions.left import ask_after, companies_with_left_calls, look_after
from calls.actions.pricing import ask_price, ask_prices, companies_with_unpriced_calls
from calls.actions.talking import control_call, controls_of, hand_on_call
from calls.actions.telling import apply_update

__all__ = [
    "Scheduled",
    "ScheduledMany",
    "apply_update",
    "ask_after",
    "ask_price",
    "ask_prices",
    "call_due_of",
    "cancel_call",
    "companies_with_due_leads",
    "companies_with_left_calls",
    "companies_with_unpriced_calls",
    "control_call",
    "controls_of",
    "dial",
    "due_agents",
    "hand_on_call",
    "hang_up",
    "log_call",
    "look_after",
    "place_call",
    "schedule_lead",
    "schedule_many",
    "set_call_disposition",
    "unfinished_call",
    "wrap_up",
]
