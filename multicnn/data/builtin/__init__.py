"""Built-in data sets, which need no download: `multicnn.data.builtin.<name>.load()` returns a Manifest with every split set."""

BUILTIN = {
    "digits": "1,797 handwritten digits of 8x8 pixels (scikit-learn)",
    "docstrings": "English sentences from the docstrings of four installed libraries; the label is the library",
    "spoken_digits": "the ten digits spoken by 66 synthetic voices; the test voices occur in no other split",
}
