"""What is asked before an operation. No form looks at what the operation itself refuses."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from executions.models import Execution, TaskRun
from executions.states import RunState
from workflows_app import catalog
from workflows_app.json_text import loads

# Tasks to choose from; of more, the latest.
MOST_TASKS = 500


class JsonObject(forms.CharField):
    """A JSON object as text; None for an empty one. An error names the line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{"required": False, "widget": forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}), **kwargs}
        )

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            found = loads(text)
        except json.JSONDecodeError as error:
            raise ValidationError(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from error
        except ValueError as error:
            raise ValidationError(f"Not JSON: {error}.") from error
        if not isinstance(found, dict):
            raise ValidationError("A JSON object was expected: {…}.")
        return found

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value


class OperationForm(forms.Form):
    """Asks why. ``execution``: the one that it is about, None for several. ``run``: the task run in question."""

    reason = forms.CharField(
        required=False,
        max_length=1000,
        label="Why?",
        help_text="For the audit, and for whoever finds it.",
    )

    def __init__(
        self, *args: Any, execution: Execution | None = None, run: TaskRun | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([name for name in self.fields if name != "reason"])
        self.prepare(execution, run)

    def prepare(self, execution: Execution | None, run: TaskRun | None) -> None:
        """Fills in what depends on the execution."""

    @property
    def why(self) -> str | None:
        return self.cleaned_data["reason"] or None


class TerminateForm(OperationForm):
    compensate = forms.BooleanField(required=False, label="Start its failure workflow, if it has one")


class RetryForm(OperationForm):
    inside = forms.BooleanField(
        required=False, label="Go on inside of failed child executions, instead of starting new ones"
    )


class RestartForm(OperationForm):
    latest = forms.BooleanField(required=False, label="With the latest version of its definition")


class RerunForm(OperationForm):
    task = forms.ChoiceField(
        required=False, label="From", help_text="What followed from it is dropped; what ran beside it stays."
    )
    input = JsonObject(label="New input of the task", help_text="Empty: it keeps the input that it had.")
    execution_input = JsonObject(label="New input of the execution", help_text="Empty: it keeps its input.")

    def prepare(self, execution: Execution | None, run: TaskRun | None) -> None:
        assert execution is not None
        rows = TaskRun.objects.filter(execution=execution, seq__gt=0).order_by("-seq")
        found = list(rows.only("id", "ref", "path", "attempt", "state")[:MOST_TASKS])
        if run is not None and all(other.pk != run.pk for other in found):
            found.append(run)
        choices = [(str(r.pk), _named(r)) for r in reversed(found)]
        field = self.fields["task"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "the very beginning"), *choices]
        if run is not None:
            field.initial = str(run.pk)
            self.fields["input"].initial = run.input or None

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("input") is not None and not found.get("task"):
            self.add_error("input", "Which task is this the input of? The very beginning has none.")
        return found


class SkipForm(OperationForm):
    task = forms.ChoiceField(label="Task", help_text="One that the flow has not reached yet.")
    output = JsonObject(label="Its output", help_text="What later tasks read instead of a result.")

    def prepare(self, execution: Execution | None, run: TaskRun | None) -> None:
        assert execution is not None
        reached = set(TaskRun.objects.filter(execution=execution).values_list("ref", flat=True))
        field = self.fields["task"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(ref, ref) for ref in _places(execution) if ref not in reached]


class JumpForm(OperationForm):
    task = forms.ChoiceField(label="Go on at", help_text="What is open on the way there is skipped.")
    input = JsonObject(label="More input", help_text="Added to the input of the task.")

    def prepare(self, execution: Execution | None, run: TaskRun | None) -> None:
        assert execution is not None
        field = self.fields["task"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(ref, ref) for ref in _places(execution)]
        if run is not None and run.path == "":
            field.initial = run.ref


class VariablesForm(OperationForm):
    variables = JsonObject(required=True, help_text="Merged into the variables that there are: none is removed.")

    def prepare(self, execution: Execution | None, run: TaskRun | None) -> None:
        if execution is not None:
            self.fields["variables"].initial = execution.variables or {}


class ByHandForm(OperationForm):
    state = forms.ChoiceField(
        label="It has",
        choices=[
            (RunState.COMPLETED, "been completed"),
            (RunState.FAILED, "failed; it is tried again as its retry policy says"),
            (RunState.FAILED_WITH_TERMINAL_ERROR, "failed for good"),
        ],
    )
    output = JsonObject(label="Its output", help_text="Added to what it has put out so far.")


def _named(run: TaskRun) -> str:
    retry = f", retry {run.attempt}" if run.attempt else ""
    return f"{run}{retry} ({run.get_state_display().lower()})"


def _places(execution: Execution) -> list[str]:
    """The tasks outside of loops, in the order of the definition."""
    return [ref for ref, node in catalog.graph(execution.version_id).nodes.items() if node.scope is None]
