"""Damaged files, artefacts and calls by the thousand, each made again from its number: what a program must survive."""
