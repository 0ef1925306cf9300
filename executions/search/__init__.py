"""Search: from a query's text to the rows that match, in four steps that know nothing of each other's work.

    grammar      text -> conditions (``conditions``), or one error that says where
    fields       conditions -> SQL, by the kind of each field: text, id, number, time, choice
    free_text    words -> SQL over the documents that ``documents`` keeps of every execution
    find         all of it -> one page of rows and how many there are

What a field is called is the caller's business: every door hands in its own names. What PostgreSQL and SQLite do
differently is in ``databases``. docs/decisions/0012-search.md says why it is done like this.
"""
