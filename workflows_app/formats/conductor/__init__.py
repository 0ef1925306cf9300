"""Conductor's JSON: WorkflowDef, WorkflowTask, TaskDef (contracts/conductor.md, sections 2.1 to 2.3)."""
