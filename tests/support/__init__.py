"""Helpers shared by the tests: oracles, tables of cases, damaged files, simulated workers."""
