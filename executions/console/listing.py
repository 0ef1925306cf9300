"""The list of executions: filters from the URL, pages by key, counts by state.

A page begins where the last one ended instead of counting rows, and the counts look at open executions and at the
newest of all others, so that nothing grows with the number of executions; but for a state that few have ended in,
which is looked for from the newest execution backwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import BooleanField, Count, Q, QuerySet
from django.db.models.expressions import RawSQL

from executions.console.labels import label
from executions.console.times import between, clock, since
from executions.models import Execution
from executions.states import EXECUTION_ENDED, EXECUTION_OPEN, ExecutionState
from workflows_app.models import Definition

PAGE = 50
# Of the executions that have ended, so many of the newest are counted.
COUNTED = 10_000
_NAMES = 500
_MOST_TROUBLE = 300
# What the index of open executions is made for, word for word: SQLite recognises it by nothing else.
_IS_OPEN = RawSQL("state IN ('RUNNING', 'PAUSED')", (), output_field=BooleanField())
# A failed task names itself by its id in the execution's reason; the list knows it by its ref.
_BLAME = re.compile(r"Task \S+ failed with status: \w+ and reason: '(.*)'", re.DOTALL)
_COLUMNS = (
    "id", "name", "number", "state", "created_at", "ended_at", "correlation_id", "reason", "failed_refs", "parent_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the URL asks for. ``before``: the last row of the page before, as ``time_id``."""

    state: str = ""
    name: str = ""
    correlation_id: str = ""
    before: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """Anything that makes no sense is left out."""
        state = query.get("state", "").upper()
        return cls(
            state=state if state in ExecutionState.values else "",
            name=query.get("name", "").strip().replace("\0", ""),
            correlation_id=query.get("correlation_id", "").replace("\0", ""),
            before=query.get("before", ""),
        )

    def url(self, **changes: str) -> str:
        """The query string for these filters with some changed. Another filter begins at the first page."""
        wanted = {"state": self.state, "name": self.name, "correlation_id": self.correlation_id, **changes}
        return "?" + urlencode({k: v.lower() if k == "state" else v for k, v in wanted.items() if v})

    def apply(self, rows: QuerySet[Execution]) -> QuerySet[Execution]:
        """All filters but the state."""
        if self.name.endswith("*"):
            rows = rows.filter(name__startswith=self.name.rstrip("*"))
        elif self.name:
            rows = rows.filter(name=self.name)
        if self.correlation_id:
            rows = rows.filter(correlation_id=self.correlation_id)
        return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the list."""

    id: str
    name: str
    number: int
    state: str
    label: str
    started: str
    started_at: datetime
    ago: str
    duration: str
    correlation_id: str
    trouble: str
    is_child: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter to click, with how many there are."""

    label: str
    url: str
    count: str
    state: str = ""
    selected: bool = False

    @property
    def none(self) -> bool:
        return self.count == "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """``next_url``: the following page, if there is one. ``capped``: not all that ended were counted."""

    filters: Filters
    rows: list[Row]
    chips: list[Chip]
    names: list[str] = field(default_factory=list)
    next_url: str = ""
    capped: bool = False

    @property
    def first_url(self) -> str:
        return self.filters.url()

    @property
    def url_without_correlation(self) -> str:
        return self.filters.url(correlation_id="")


def listing(filters: Filters, now: datetime) -> Listing:
    """The page that the filters ask for. Four statements."""
    rows = filters.apply(Execution.objects.all())
    page = rows.filter(state=filters.state) if filters.state else rows
    page = page.filter(_IS_OPEN) if filters.state in EXECUTION_OPEN else page
    found = list(_from(page, filters.before).order_by("-created_at", "-id").only(*_COLUMNS)[: PAGE + 1])
    more = len(found) > PAGE
    counts = _counts(rows)
    capped = sum(counts[state] for state in EXECUTION_ENDED) >= COUNTED
    return Listing(
        filters=filters,
        rows=[_row(execution, now) for execution in found[:PAGE]],
        chips=_chips(filters, counts, capped),
        names=list(Definition.objects.order_by("name").values_list("name", flat=True).distinct()[:_NAMES]),
        next_url=filters.url(before=_key(found[PAGE - 1])) if more else "",
        capped=capped,
    )


def _counts(rows: QuerySet[Execution]) -> dict[str, int]:
    """How many there are of each state: of the open ones all, of the ended ones those among the newest."""
    newest = rows.order_by("-created_at").values("state")[:COUNTED]
    ended = newest.aggregate(**{state: Count("state", filter=Q(state=state)) for state in sorted(EXECUTION_ENDED)})
    open_ones = rows.filter(_IS_OPEN).order_by().values_list("state").annotate(count=Count("*"))
    return {**ended, **dict(open_ones)}


def _chips(filters: Filters, counts: Mapping[str, int], capped: bool) -> list[Chip]:
    def counted(number: int, ended: bool) -> str:
        return f"{number:,}" + ("+" if capped and ended else "")

    everything = counted(sum(counts.values()), True)
    chips = [Chip("All", filters.url(state=""), everything, selected=not filters.state)]
    for state in ExecutionState:
        count = counted(counts.get(state, 0), state in EXECUTION_ENDED)
        chips.append(Chip(label(state), filters.url(state=state), count, state, state == filters.state))
    return chips


def _row(execution: Execution, now: datetime) -> Row:
    return Row(
        id=str(execution.id),
        name=execution.name,
        number=execution.number,
        state=execution.state,
        label=label(execution.state),
        started=clock(execution.created_at, now),
        started_at=execution.created_at,
        ago=since(execution.created_at, now),
        duration=between(execution.created_at, execution.ended_at or now),
        correlation_id=execution.correlation_id or "",
        trouble=_trouble(execution),
        is_child=execution.parent_id is not None,
    )


def _trouble(execution: Execution) -> str:
    """What went wrong, or why it is paused: the failed task first."""
    if execution.state == ExecutionState.COMPLETED:
        return ""
    failed = ", ".join(ref for ref, _ in execution.failed_refs or ())
    blamed = _BLAME.fullmatch(execution.reason or "")
    reason = blamed[1] if blamed and failed else execution.reason
    return ": ".join(part for part in (failed, reason) if part)[:_MOST_TROUBLE]


# ---- pages by key


def _from(rows: QuerySet[Execution], before: str) -> QuerySet[Execution]:
    """What comes after a row. A key that makes no sense stands for the beginning."""
    moment, _, execution_id = before.partition("_")
    try:
        at, last = datetime.fromisoformat(moment), UUID(execution_id)
    except ValueError:
        return rows
    if at.tzinfo is None:
        return rows
    return rows.filter(created_at__lte=at).exclude(created_at=at, id__gte=last)


def _key(execution: Execution) -> str:
    return f"{execution.created_at.isoformat()}_{execution.id}"
