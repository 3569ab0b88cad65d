"""The mathematics of anonymization on integer codes: numpy only, no files, no frames."""
