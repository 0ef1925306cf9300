"""The embedded stack: everything that Upbeat needs, as processes of this machine under one supervisor.

``python -m config.stack up`` is what ``make up`` runs. The parts:

* ``__main__``: the command line, and every refusal to start as one clear line
* ``environment``: the defaults that are the embedded stack's own
* ``folder``, ``ports``: what no two stacks can share
* ``programs``: what runs, with which command, and what must be over before it starts
* ``supervisor``, ``child``, ``console``: starting, watching, restarting, stopping, and the lines of all on one screen
* ``leash``, ``pool_leash``: no process outlives its parent
* ``prepare``, ``static_files``, ``welcome``: steps that end, run as processes of their own; ``example``: what is run
"""
