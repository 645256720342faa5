"""A bicycle rental with the habits of a Django REST backend.

It exists to be read by etl: its own values, written by Django itself, are what
the Parquet is held against.
"""
