"""Why, and why not, of a lead: sections that every floor may add, each with an answer and the causes of it."""

from leads.why.registry import Cause, Detail, Section, explain, register

__all__ = ["Cause", "Detail", "Section", "explain", "register"]
