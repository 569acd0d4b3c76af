"""Readers of RCU and SRCU, and who waits for them (Documentation/RCU/whatisRCU.rst)."""

from __future__ import annotations

RCU, SRCU = "rcu", "srcu"

ENTERS = {"rcu_read_lock": RCU, "srcu_read_lock": SRCU, "srcu_down_read": SRCU}
LEAVES = {"rcu_read_unlock": RCU, "srcu_read_unlock": SRCU, "srcu_up_read": SRCU}
GRACE_PERIODS = {
    "synchronize_rcu": RCU,
    "synchronize_rcu_expedited": RCU,
    "synchronize_srcu": SRCU,
    "synchronize_srcu_expedited": SRCU,
}
