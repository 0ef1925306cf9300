"""What a client may do: the scopes of API keys, each of which is a Django permission of a person.

=============  ===============================================  =====================================================
define         workflows_app.define_workflow                    register, change and withdraw definitions, schedules,
                                                                event handlers, webhooks, environment variables
start          executions.start_execution                       start executions
operate        executions.operate_execution                     pause, resume, terminate, retry, rerun ..., and all
                                                                that ``work`` allows
work           executions.work_execution                        poll for tasks, report results, write logs
view           executions.view_execution                        read everything but secrets
secrets        executions.change_secret                         write and delete secrets, and list their names
read_secrets   executions.read_secret                           read the values of secrets
=============  ===============================================  =====================================================

``work`` stands beside ``operate`` because workers run on many machines and need little: with a key that can do nothing
else, a machine that is lost can neither end executions nor read those of others. Reading secrets stands apart from
everything: whoever uses secrets in definitions need not see them.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models


class Scope(models.TextChoices):
    DEFINE = "define", "define: register and withdraw definitions"
    START = "start", "start executions"
    OPERATE = "operate", "operate: pause, resume, terminate, retry, complete tasks"
    WORK = "work", "work: poll for tasks and report results"
    VIEW = "view", "view everything but secrets"
    SECRETS = "secrets", "secrets: write and delete secrets, list their names"
    READ_SECRETS = "read_secrets", "read_secrets: read the values of secrets"


PERMISSIONS: dict[str, str] = {
    Scope.DEFINE: "workflows_app.define_workflow",
    Scope.START: "executions.start_execution",
    Scope.OPERATE: "executions.operate_execution",
    Scope.WORK: "executions.work_execution",
    Scope.VIEW: "executions.view_execution",
    Scope.SECRETS: "executions.change_secret",
    Scope.READ_SECRETS: "executions.read_secret",
}
# scopes that allow what another one allows
_IMPLIED_BY: dict[str, tuple[str, ...]] = {Scope.WORK: (Scope.OPERATE,)}

# what a key gets unless it is made otherwise: everything but the secrets
USUAL = (Scope.DEFINE, Scope.START, Scope.OPERATE, Scope.WORK, Scope.VIEW)


def permissions_for(scope: str) -> tuple[str, ...]:
    """The permissions any of which allows what the scope allows."""
    return tuple(PERMISSIONS[s] for s in (scope, *_IMPLIED_BY.get(scope, ())))


def permissions_of(scopes: Iterable[str]) -> frozenset[str]:
    """The permissions that a key with these scopes may use, if its owner has them."""
    return frozenset(PERMISSIONS[scope] for scope in scopes if scope in PERMISSIONS)
