"""The tables as one static site (``bench report --all``): a front page that ranks the layers, and a page a table."""
