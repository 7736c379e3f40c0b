"""Bringing leads in from a file: reading it, mapping its columns, validating its rows, creating leads by set."""
