"""The engine: a pure core that decides, and a shell that locks, loads, writes and rings.

``decide`` is the core: graph, snapshot and event in, decision out. ``transact`` is the shell around it.
``canvas`` turns what is to be run into messages. No file here knows a definition format or a protocol.
"""
