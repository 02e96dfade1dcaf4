"""Pictures as SVG text and pages as HTML, of any content, without a plotting library."""
