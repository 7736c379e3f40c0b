"""The managers' desk for leads, contacts and what hangs on them."""

from leads.admin import contacts, history, leads

__all__ = ["contacts", "history", "leads"]
