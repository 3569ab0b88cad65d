"""Texts that are text: Parquet and Arrow may hold bytes that are no UTF-8 where text should be.

Whoever makes Python's texts of them gets an exception that holds the cell.
"""

import pyarrow as pa


def is_valid_text(values: pa.Array) -> bool:
    """Tell whether all texts are UTF-8, if the values are texts or stand for texts."""
    if pa.types.is_dictionary(values.type):
        return is_valid_text(values.dictionary)
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        try:
            values.validate(full=True)
        except pa.ArrowInvalid:
            return False
    return True
