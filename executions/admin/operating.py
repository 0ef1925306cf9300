"""The pages on which operations are asked for, and the actions of the lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from executions.control.forms import JsonObject, OperationForm
from executions.control.offers import (
    BY_HAND,
    EXECUTION_OFFERS,
    PERMISSION,
    Offer,
    do_each,
    may_end_by_hand,
    offers_for,
)
from executions.models import Execution, TaskRun
from executions.operations.finding import is_id

# An action of a list is done for so many at once.
MOST = 1000
_SHOWN = 20


class Operated:
    """For the admin of a model whose rows can be operated on."""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)

    def buttons(self, request: HttpRequest, row: Any) -> list[dict[str, str]]:
        """What is offered on the page of a row."""
        raise NotImplementedError

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        context["buttons"] = self.buttons(request, obj) if obj is not None else []
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)  # type: ignore[misc,no-any-return]

    def page(self, request: HttpRequest, offer: Offer, form: OperationForm, back: str, **more: Any) -> HttpResponse:
        """Asks what the operation wants to know."""
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": self.model._meta,  # type: ignore[attr-defined]
            "title": offer.title,
            "offer": offer,
            "form": dressed(form),
            "back": back,
            **more,
        }
        return TemplateResponse(request, "admin/executions/operate.html", context)


class OperatedExecutions(Operated):
    """List actions for several executions, and a page for each operation on one."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.operate)  # type: ignore[attr-defined]
        mine = path("<uuid:execution_id>/operate/<str:name>/", view, name="executions_execution_operate")
        return [mine, *super().get_urls()]  # type: ignore[misc]

    def operate(self, request: HttpRequest, execution_id: Any, name: str) -> HttpResponse:
        """GET shows the form, POST does it."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        execution = Execution.objects.filter(pk=execution_id).first()
        offer = EXECUTION_OFFERS.get(name)
        if execution is None or offer is None:
            raise Http404
        back = reverse("admin:executions_execution_change", args=[execution.pk])
        form = offer.form(_given(request), execution=execution, run=_run(request, execution))
        if request.method != "POST" or not form.is_valid():
            return self.page(request, offer, form, back, subject=str(execution))
        done = carry_out(request, offer, [str(execution.pk)], form)
        gone = bool(done) and not Execution.objects.filter(pk=execution.pk).exists()
        return redirect(reverse("admin:executions_execution_changelist") if gone else back)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)  # type: ignore[misc]
        if self.has_operate_permission(request):
            for offer in EXECUTION_OFFERS.values():
                if offer.many:
                    found[offer.name] = (_action(offer), offer.name, f"{offer.title} …")
        return found  # type: ignore[no-any-return]

    def ask_for_many(self, request: HttpRequest, offer: Offer, rows: QuerySet[Execution]) -> HttpResponse | None:
        """First shows what was chosen and asks why, then does it. None: back to the list."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        chosen = list(rows.only("id", "name", "state")[: MOST + 1])
        if len(chosen) > MOST:
            messages.error(request, f"More than {MOST} executions cannot be operated on at once. Choose fewer.")
            return None
        confirmed = "confirmed" in request.POST
        form = offer.form(request.POST if confirmed else None)
        if confirmed and form.is_valid():
            carry_out(request, offer, [str(e.pk) for e in chosen], form)
            return None
        back = reverse("admin:executions_execution_changelist")
        return self.page(
            request,
            offer,
            form,
            back,
            chosen=chosen[:_SHOWN],
            ids=[e.pk for e in chosen],
            more=len(chosen) - _SHOWN,
            subject=f"{len(chosen)} executions" if len(chosen) != 1 else str(chosen[0]),
        )

    def buttons(self, request: HttpRequest, row: Execution) -> list[dict[str, str]]:
        if not self.has_operate_permission(request):
            return []
        return [
            _button(offer, reverse("admin:executions_execution_operate", args=[row.pk, offer.name]))
            for offer in offers_for(row)
        ]


class OperatedTaskRuns(Operated):
    """Ending a task by hand, and going back to it."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.end_by_hand)  # type: ignore[attr-defined]
        mine = path("<uuid:run_id>/operate/by-hand/", view, name="executions_taskrun_by_hand")
        return [mine, *super().get_urls()]  # type: ignore[misc]

    def end_by_hand(self, request: HttpRequest, run_id: Any) -> HttpResponse:
        """GET shows the form, POST does it."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        run = TaskRun.objects.filter(pk=run_id).first()
        if run is None:
            raise Http404
        back = reverse("admin:executions_taskrun_change", args=[run.pk])
        form = BY_HAND.form(_given(request))
        if request.method != "POST" or not form.is_valid():
            return self.page(request, BY_HAND, form, back, subject=f"{run} of {run.execution_id}")
        carry_out(request, BY_HAND, [str(run.pk)], form)
        return redirect(back)

    def buttons(self, request: HttpRequest, row: TaskRun) -> list[dict[str, str]]:
        execution = Execution.objects.only("id", "state", "archived_at").filter(pk=row.execution_id).first()
        if execution is None or not self.has_operate_permission(request):
            return []
        found = []
        if may_end_by_hand(row.state, row.type, execution):
            found.append(_button(BY_HAND, reverse("admin:executions_taskrun_by_hand", args=[row.pk])))
        offered = {offer.name: offer for offer in offers_for(execution)}
        for name, title in (("rerun", "Rerun from here"), ("jump", "Jump here")):
            if name in offered and (name == "rerun" or row.path == ""):
                url = reverse("admin:executions_execution_operate", args=[execution.pk, name], query={"run": row.pk})
                found.append({**_button(offered[name], url), "title": title})
        return found


def carry_out(request: HttpRequest, offer: Offer, ids: list[str], form: OperationForm) -> list[str]:
    """Does it for each, and says what was done and what was refused. Gives the ids for which it was done."""
    done, refused = do_each(offer, ids, form, request.user.get_username())
    if done:
        what = f"{len(done)} of {len(ids)} have" if len(ids) > 1 else "It has"
        messages.success(request, f"{what} been {offer.done}.")
    for id, why in list(refused.items())[:_SHOWN]:
        messages.error(request, f"{id}: {why}" if id not in why else why)
    if len(refused) > _SHOWN:
        messages.error(request, f"… and {len(refused) - _SHOWN} more were refused.")
    return done


def dressed(form: forms.Form) -> forms.Form:
    """The same form with unfold's widgets."""
    for field in form.fields.values():
        if isinstance(field, forms.ChoiceField):
            field.widget = UnfoldAdminSelectWidget(choices=field.choices)
        elif isinstance(field, forms.BooleanField):
            field.widget = UnfoldBooleanWidget()
        elif isinstance(field, JsonObject) or isinstance(field.widget, forms.Textarea):
            field.widget = UnfoldAdminTextareaWidget(
                attrs={"rows": 12 if field.initial else 5, "spellcheck": "false", "class": "json"}
            )
        elif not isinstance(field, forms.FileField):
            field.widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
    return form


def _action(offer: Offer) -> Any:
    def act(admin: OperatedExecutions, request: HttpRequest, rows: QuerySet[Execution]) -> HttpResponse | None:
        return admin.ask_for_many(request, offer, rows)

    return act


def _button(offer: Offer, url: str) -> dict[str, str]:
    return {
        "title": offer.title,
        "url": url,
        "icon": offer.icon,
        "what": offer.what,
        "css": "dangerous" if offer.danger else "",
    }


def _run(request: HttpRequest, execution: Execution) -> TaskRun | None:
    """The task run that the address names, if it is one of this execution."""
    wanted = request.GET.get("run", "")
    return TaskRun.objects.filter(pk=wanted, execution=execution).first() if is_id(wanted) else None


def _given(request: HttpRequest) -> QueryDict | None:
    """What a form is filled in with: also with nothing at all, if it was sent."""
    return request.POST if request.method == "POST" else None
