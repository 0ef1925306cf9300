"""Looks into the tables of a stack, as a process with its environment: ``python -m tests.chaos.audit``.

Prints one JSON object: ``open`` (executions that have not ended), ``executions`` (how many there are by name and
state), ``unsettled`` (task runs of ended executions whose consequences were never decided), ``due`` (ended rows that
somebody is still to look at), ``doubles`` (runs that are there twice), ``stalled``.
"""

from __future__ import annotations

import json

import django


def main() -> None:
    django.setup()
    from django.db.models import Count

    from executions.models import Execution, TaskRun
    from executions.states import EXECUTION_ENDED, RUN_ENDED
    from executions.sweeps.stalled import stalled

    ended = Execution.objects.filter(state__in=EXECUTION_ENDED)
    doubles = TaskRun.objects.values("execution_id", "ref", "path", "attempt").annotate(n=Count("id")).filter(n__gt=1)
    found = {
        "open": list(Execution.objects.exclude(state__in=EXECUTION_ENDED).values_list("name", "state")),
        "executions": [
            list(row)
            for row in Execution.objects.values_list("name", "state").annotate(n=Count("id")).order_by("name", "state")
        ],
        "unsettled": list(
            TaskRun.objects.filter(execution__in=ended, settled=False).values_list("execution__name", "ref", "state")
        ),
        "due": list(ended.filter(due_at__isnull=False).values_list("name", "state"))
        + list(TaskRun.objects.filter(state__in=RUN_ENDED, due_at__isnull=False).values_list("name", "state")),
        "doubles": [str(row) for row in doubles],
        "stalled": [str(execution.id) for execution in stalled()],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
