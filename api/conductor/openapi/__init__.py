"""This door in the OpenAPI document (``/openapi.json``): what endpoints take and give.

``schema`` turns a view into an operation; ``shapes`` has the JSON documents, ``models`` derives those that clients
write from the classes that read them; ``query`` has the parameters. Views name these in ``extend_schema``.
"""
