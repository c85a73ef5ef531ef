"""One module per figure: a pure `draw` over tables, and `style.save` that writes PNG and PDF."""
