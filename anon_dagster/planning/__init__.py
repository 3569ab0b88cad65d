"""From a request and a count to what is decided: the problem, its models, its solution."""
