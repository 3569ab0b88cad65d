"""Stores: the places that files lie in, and what differs between them.

Each kind of store is known by the scheme of its URLs. What it does otherwise than a plain file
system is a property or a method of its :class:`Store`; nobody else asks which store it is.

::

    store       what a store is, as most of them are
    s3          Amazon's, and whatever speaks as it does; s3_system is patient with it
    google      Google Cloud Storage
    azure       Azure Blob Storage
    registry    the store of a path
    uploads     a file that is sent while it is written
    refusals    what a store meant when it did not do as it was asked
"""

from anon_dagster.storage.stores.registry import forget_credentials, schemes, store_of
from anon_dagster.storage.stores.store import Store, UnfinishedUpload

__all__ = [
    "Store",
    "UnfinishedUpload",
    "forget_credentials",
    "schemes",
    "store_of",
]
