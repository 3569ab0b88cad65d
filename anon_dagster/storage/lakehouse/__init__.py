"""Delta tables as targets: a release is their next version, which one commit makes.

Data files are written and proven beside the folder of the table, as those of any target are. Then
they are moved into it, where no reader looks for what the log does not name, and one entry of the
log names them and takes the former ones out. It is made for the version that the table had when
the release was begun, so that it fails if somebody else has committed since. A table that is not
there yet is made beside its place, log and all, and the folder is moved.

::

    versions     what a table is now, and whether a release may take its place
    commits      how a version comes about, and how the one before is brought back
    kept_types   in which types values are stored
    staging      a release on its way: written, proven, committed, or swept
    tables       tables by their addresses, for whoever reads or withdraws what was published
"""
