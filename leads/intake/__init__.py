"""Leads that vendors send: pinging for a person, posting the lead, and giving it back to them."""
