"""The compiled parsers of the bundled formats; generated, never edited."""
