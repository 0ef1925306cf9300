"""The Conductor door: the REST API of Conductor OSS at ``/api``, for its unmodified SDKs.

``wire`` holds what is the same for every endpoint, ``errors`` the error bodies, ``render`` the JSON of executions and
task runs; the views are one file per group of endpoints. Facts and section numbers: contracts/conductor.md.
"""
