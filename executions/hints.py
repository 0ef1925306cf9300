"""What this process remembers of task runs that it handed out: where they stand in their graphs.

It lets the report of a result load the right rows at once. To forget, or never to have known, costs one statement.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from executions.engine.rows import RunRow
from executions.engine.transact import Hint

_MANY = 20_000
_known: OrderedDict[str, Hint] = OrderedDict()
_lock = threading.Lock()


def remember(run: RunRow) -> None:
    with _lock:
        _known[run.id] = Hint.of(run)
        if len(_known) > _MANY:
            _known.popitem(last=False)


def recall(run_id: str) -> Hint | None:
    return _known.get(run_id)
