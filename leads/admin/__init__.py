"""The managers' desk for leads, contacts and what hangs on them."""

from leads.admin import contacts, duplicates, history, leads, routing

__all__ = ["contacts", "duplicates", "history", "leads", "routing"]
