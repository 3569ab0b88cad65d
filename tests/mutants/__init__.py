"""Mutation testing: small changes of the code, each of which some test should notice.

``docs/mutants.md`` tells what is changed, what is measured, and which survivors are argued.
"""
