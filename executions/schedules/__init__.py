"""Scheduled workflows: rows that are fired exactly once for every due time, by any number of sweeps.

``cron`` knows when, ``keeping`` is what people do to schedules, ``firing`` is what the sweep does, ``models`` are the
tables.
"""
