"""Executions in memory: the real core decides on rows that no table ever sees.

* ``memory``: a store of one execution's rows, under the guards of the real one
* ``rehearsal``: a definition run with made-up results instead of workers
"""
