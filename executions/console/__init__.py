"""The console: pages on which people see what runs, why it waits, and hold, release or end it.

``views`` has the pages, ``controls`` the buttons. What a page shows is put together by ``listing`` (the list) and
``execution_page`` (one execution) into plain values, so that the templates have nothing left to work out. ``why``,
``times`` and ``timeline`` are pure functions. To add a page, write a view with ``@access.page`` and name it in
``urls``.
"""
