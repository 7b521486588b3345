"""Views, charts and templates: from analysed frames to one HTML file."""
