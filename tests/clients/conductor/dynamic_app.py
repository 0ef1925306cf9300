"""The first program of the SDK's documentation: a workflow in code, its workers in processes of their own.

usage: python -m tests.clients.conductor.dynamic_app SUFFIX; prints one line of JSON.

(The SDK reads annotations as they stand: they must not be postponed here.)
"""

import json
import sys

from conductor.client.automator.task_handler import TaskHandler
from conductor.client.configuration.configuration import Configuration
from conductor.client.orkes_clients import OrkesClients
from conductor.client.worker.worker_task import worker_task
from conductor.client.workflow.conductor_workflow import ConductorWorkflow

SUFFIX = sys.argv[1] if len(sys.argv) > 1 else ""


@worker_task(task_definition_name=f"get_user_email_{SUFFIX}")
def get_user_email(userid: str) -> str:
    return f"{userid}@example.com"


@worker_task(task_definition_name=f"send_email_{SUFFIX}")
def send_email(email: str, subject: str, body: str) -> None:
    print(f"sending email to {email} with subject {subject} and body {body}", file=sys.stderr)


def main() -> None:
    configuration = Configuration()
    task_handler = TaskHandler(configuration=configuration)
    task_handler.start_processes()
    try:
        executor = OrkesClients(configuration=configuration).get_workflow_executor()
        workflow = ConductorWorkflow(name=f"dynamic_workflow_{SUFFIX}", version=1, executor=executor)
        get_email = get_user_email(task_ref_name="get_user_email_ref", userid=workflow.input("userid"))
        sendmail = send_email(
            task_ref_name="send_email_ref",
            email=get_email.output("result"),
            subject="Hello from Upbeat",
            body="Test Email",
        )
        workflow >> get_email >> sendmail
        workflow.output_parameters(output_parameters={"email": get_email.output("result")})
        result = workflow.execute(workflow_input={"userid": "user_a"})
        print(json.dumps({"status": result.status, "output": result.output}), flush=True)
    finally:
        task_handler.stop_processes()


if __name__ == "__main__":
    main()
