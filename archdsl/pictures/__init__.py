"""Pictures of a network: SVG, a page that opens on a click, DOT and Mermaid.

    graph -> model (boxes in boxes, wires) -> svg | page | dot | mermaid

`model.py` says what is shown, `opened.py` which blocks are open. Where things stand is worked out by the scripts in
`browser/` and ELK, for SVG as for the page: see docs/decisions/0009-pictures.md.
"""
