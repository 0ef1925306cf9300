"""The Mender door: the REST API of Mender's workflow service at ``/mender``, in both of its forms.

``wire`` holds what is the same for every endpoint, ``go_json`` reads bodies as Go does, ``jobs`` makes job documents of
executions, ``job_ids`` their ids; the views are one file per group of endpoints. Facts and section numbers:
contracts/mender.md.
"""
