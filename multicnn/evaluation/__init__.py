"""The evaluation of a trained network: metrics, a linear baseline, figures, worst mistakes, the report page.

Everything here works on arrays and on the files of a run folder; nothing here knows the network that made them.
"""
