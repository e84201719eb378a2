"""What the site has beyond the Markdown pages of docs: pages made of the registries, links, navigation."""
