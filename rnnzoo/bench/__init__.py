"""The benchmark: tables of runs, the runner that makes them, and the report that renders their rows."""
