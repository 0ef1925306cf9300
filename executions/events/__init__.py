"""Events: what tasks tell the world, and what the world tells us.

    EVENT task ──(its own transition)──> EventMessage ──deliver──> event handlers, or a queue outside
    a queue outside ──(receive)────────> EventMessage ──deliver──> event handlers

``models`` are the tables, ``delivery`` brings a stored message to whoever listens, ``conditions`` and ``actions`` are
what a handler asks and does, ``sinks`` are the queues outside (one file each).

A message is stored once and delivered at least once; what its handlers do is done once, because every action of a
handler leaves one row, which names what it acts upon before it acts.
"""
