"""Reads the pages of a site: their tables, and every address that they refer to."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """``tables``: by caption, a list of lines, each a dict of its cells by heading, with ``kind`` as ``data-kind``."""

    def __init__(self, path):
        super().__init__()
        self.tables, self.addresses, self.ids, self.text = {}, [], [], ""
        self._cell, self._caption, self._lines, self._kinds = None, None, [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.addresses += [attrs[key] for key in ("href", "src") if key in attrs]
        if tag == "table":
            self._lines, self._kinds = [], []
        if tag == "tr":
            self._lines.append([])
            self._kinds.append(attrs.get("data-kind", ""))
        if tag in ("td", "th", "caption"):
            self._cell = []
        if tag in ("td", "th"):
            self._lines[-1].append((self._cell, attrs))

    def handle_endtag(self, tag):
        if tag == "caption":
            self._caption = "".join(self._cell)
        if tag in ("td", "th", "caption"):
            self._cell = None
        if tag == "table":
            heads, *lines = [["".join(cell) for cell, _ in line] for line in self._lines]
            self.tables[self._caption] = [dict(zip(heads, line, strict=True)) for line in lines]
            self.sorted_by = [[attrs.get("data-value") for _, attrs in line] for line in self._lines[1:]]
            self.kinds = self._kinds[1:]

    def handle_data(self, data):
        self.text += data
        if self._cell is not None:
            self._cell.append(data)
