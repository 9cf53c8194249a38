"""SLIM audit: scan folders of audio for signs of speech synthesis and write an evidence report."""

__version__ = "0.1.0"
