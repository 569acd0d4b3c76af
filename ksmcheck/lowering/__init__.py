"""Kernel primitives as a machine's own events.

A lowering table gives each primitive, or class of primitives, a row: one sequence of events, or two
where the outcome (did the compare-and-exchange store?) changes them. Rows are loop-free.

Why a retry loop needs no loop here. A load-linked/store-conditional loop, a cmpxchg loop and a spin
on a lock end, if they end, with one round that succeeds; the rounds before it only read the word
and run fences. Take any execution with failed rounds and delete their events: reads and fences
give nothing to other events (no rf, no co starts in a read), so the remaining execution satisfies
every ordering axiom that the longer one did, and reaches the same final state. So the template of
the last round alone reaches every final state that the kernel's loop reaches. A loop whose failed
rounds write (a hashed lock taken by hand, say) is not of this kind: it is written out in kernel C.

Where a primitive can end in more than one way within one outcome (a pre-check that already fails,
or a cmpxchg that does), the row is the weakest of the ways, and its ``source`` says so: fewer
fences allow more executions, so a SAFE stays true.
"""
