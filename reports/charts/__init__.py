"""Charts: from request tables to the geometry that the SVG templates draw."""
