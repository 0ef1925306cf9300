"""Payloads that clients store beside their requests instead of within them (contracts/conductor.md, section 6.8).

A client asks where it may put a document, puts it there, and names the path in its request; what is named is read once,
when the request comes. ``storage`` keeps the documents, ``links`` are the signed addresses that clients put them to.
"""
