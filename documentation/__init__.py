"""The site of the documentation: what `make docs` adds to the pages of `docs/`.

```
documentation/
├── hooks.py      what mkdocs calls: pages of the root, generated pages, links
├── outside.py    files beside docs/ that have a place on the site
├── links.py      links between them, and those that lead out of the site
└── reference/    pages that are written from the code, each by a function
```
"""
