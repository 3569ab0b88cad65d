"""The first reading: a source becomes its frequency table, of a sample where one is drawn."""
