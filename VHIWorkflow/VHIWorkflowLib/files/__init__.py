"""Scans, masks, markups, records and tables on disk."""
