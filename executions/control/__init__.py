"""The operations as people see them, in the admin and in the console alike.

* ``forms``: what is asked before each of them, with JSON that says in which line it is wrong
* ``offers``: which operations there are, in which states each makes sense, and how it is called

To offer another operation, add its form and its ``Offer``: buttons, pages and list actions follow.
"""
