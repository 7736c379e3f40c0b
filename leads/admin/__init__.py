"""The managers' desk for leads, contacts and what hangs on them."""

from leads.admin import contacts, history, leads, routing

__all__ = ["contacts", "history", "leads", "routing"]
