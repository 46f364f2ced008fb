"""Parse HTML pages strictly."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """The text, tags and attributes of a page in which every element is closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.text.append(data.strip())

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def needs_nothing_else(self):
        """Return True if the page has no script and no reference to another file."""
        sources = [attributes.get("src", "data:") for _, attributes in self.tags]
        return (
            not self.all("script")
            and not self.all("link")
            and all(source.startswith("data:") for source in sources)
            and not any("href" in attributes for _, attributes in self.tags)
        )
