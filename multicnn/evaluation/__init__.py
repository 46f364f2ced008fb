"""What a trained network is worth: metrics, a linear baseline beside it, pictures, worst mistakes, the report page.

Everything here works on arrays and on the files of a run folder; nothing here knows the network that made them.
"""
