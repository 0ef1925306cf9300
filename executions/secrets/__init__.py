"""Secrets: texts that definitions may use and nobody may read.

``encryption`` seals and opens texts, ``store`` keeps the secrets, ``handover`` puts them into the input of a task at
the moment when it is handed to whoever runs it, ``masking`` takes them out again of what that one reports.
"""
