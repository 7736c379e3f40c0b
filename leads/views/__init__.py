"""The pages of leads: find, authorise, call, answer."""
