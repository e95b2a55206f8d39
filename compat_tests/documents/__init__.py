"""What the PyTorch notes that jtorch is held to say, as rows: code from a document, and what it must print or raise.

A row is named after its entry in the inventory of the documents (REF: an exact output, FMT: a fixed form of a random
output, BEH: a claim, ERR: an error text, D: where today's PyTorch differs from the document); `where` gives document and
lines. PyTorch 2.13 is the reference: `pytest compat_tests/documents --reference` runs every row by it.
"""
