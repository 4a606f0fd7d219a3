"""What the gallery does, without a word of the web."""
