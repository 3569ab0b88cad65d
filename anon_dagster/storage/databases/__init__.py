"""Tables of PostgreSQL, SQLite and DuckDB: read in one snapshot, and replaced in one transaction.

A request names a connection. Its address stands in one variable of the environment, and nothing
else tells it: no request, no message, no metadata. What a request asks is read only, one statement,
a ``SELECT``; it is copied once as it streams, see :mod:`anon_dagster.storage.copies`.

::

    connections  from the name of a connection to its database
    faults       what goes wrong, in words that hold neither cells nor credentials
    session      what every database can do, and names in SQL
    postgresql   by ADBC
    sqlite       by Python's own library; sqlite_rows gives batches of Arrow
    duck         by DuckDB's own interface
    types        what is stored as what
    reading      a query or a table as a source
    tables       a database seen as a store, whose files are its tables
    staging      a release on its way into a table
"""
