"""How the vectors are made: by hand where a trap is known, by seeded dice at exact bounds else."""
