"""Helpers that tests share: oracles, tables of cases, damaged files, fake workers."""
