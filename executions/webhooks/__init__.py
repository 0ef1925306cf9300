"""Webhooks: requests of other systems that complete WAIT_FOR_WEBHOOK tasks and start executions.

``models`` has the tables and ``configuration`` what is kept of a webhook, ``verification`` tells who sends,
``matching`` finds the tasks that wait for it, and ``deliveries`` carries it out, once, whatever is repeated or killed.
"""
