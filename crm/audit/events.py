"""The one signal: a batch of things that happened, in the transaction that did them."""

from __future__ import annotations

from django.dispatch import Signal

# Sent once a batch with `entries=list[AuditEntry]`. Receivers work by set, run in the same transaction, and send
# what leaves the process through `later`.
events_recorded = Signal()
