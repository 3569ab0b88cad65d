"""What singles records out, and what an attack on them gains."""
