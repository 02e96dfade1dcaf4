"""Pages of HTML, read strictly: whole, without event handlers, without a link out of them."""

import html.parser


class Reader(html.parser.HTMLParser):
    """Checks that elements are closed in order, and gathers what could lead out of the page."""

    VOID = ("meta", "br", "img", "input", "link", "hr")

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.text = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        passed = dict(attrs)
        self.tags.append(tag)
        if "id" in passed and tag != "marker":
            self.ids.append(passed["id"])
        for key in ("href", "src", "srcset", "xlink:href", "action"):
            if key in passed:
                self.links.append(passed[key])
        assert not any(k.startswith("on") for k in passed), "an event handler in the markup"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    assert len(reader.ids) == len(set(reader.ids))
    for link in reader.links:
        if link.startswith("data:image/png;base64,"):
            continue
        assert link.startswith("#"), link
        assert link[1:] in reader.ids, link
    return reader
