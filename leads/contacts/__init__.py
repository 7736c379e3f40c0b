"""The people behind the leads: their list, and each one's page."""
