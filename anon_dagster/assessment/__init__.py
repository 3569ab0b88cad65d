"""What a decision is worth: statistics side by side, record by record, and beside others."""
