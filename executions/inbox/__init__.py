"""Messages to a running execution: clients put them in, tasks of the execution take them out, each message once.

A message is taken by a task run, and stays that run's: a run that is repeated after the loss of its worker finds what
it has taken, and nothing that another one has. ``keeping`` has the statements, ``models`` the table.
"""
