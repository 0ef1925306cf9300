"""JSON schemas by name and version, and documents checked against them.

``models`` is their table, ``keeping`` stores and finds them, ``checking`` is the check itself, a pure function.
"""
