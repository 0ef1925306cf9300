"""The door for Mistral's clients: contracts/mistral.md, sections 2 to 6, mounted at ``/v2``.

``wire`` has the rules that hold for every endpoint, ``listing`` those of lists, ``states`` the words for states;
``urls`` says what is where.
"""
