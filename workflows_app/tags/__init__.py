"""Tags on workflow and task names: keys and values that people sort definitions by, and limits that clients keep."""
