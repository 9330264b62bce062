"""Reports as one self-contained HTML file: tables, plots as SVG, nothing from the network."""
