"""The numbers and figures of the notebooks and of `multicnn show`, one idea a file.

Every function returns a value that holds its numbers as arrays; `figure()` draws them, `save(path)` writes the drawing, and a
notebook shows it. So what a lesson claims is read from the numbers and not from a drawing. Where the environment
variable MULTICNN_LESSON is "quick", lessons that train take smaller sizes.
"""
