"""What happens to routing rules, by name."""

from __future__ import annotations

RULE_CREATED = "routing_rule.created"
RULE_UPDATED = "routing_rule.updated"
RULE_DELETED = "routing_rule.deleted"
RULES_REORDERED = "routing_rule.reordered"
RULE_APPLIED = "routing_rule.applied"

LABELS = {
    RULE_CREATED: "Routing rule added",
    RULE_UPDATED: "Routing rule changed",
    RULE_DELETED: "Routing rule removed",
    RULES_REORDERED: "Routing rules put in another order",
    RULE_APPLIED: "Routing rule applied",
}
