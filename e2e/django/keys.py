"""Prints the keys of every pipeline as SQLite itself holds them.

    keys.py shop.sqlite3

A JSON object: pipeline -> list of keys. It knows nothing of Django.
"""

import json
import sqlite3
import sys
import uuid

QUERIES = {
    "bikes": "SELECT id FROM shop_bike",
    "bike_details": "SELECT id FROM shop_bike WHERE NOT hidden",
    "bookings": "SELECT id FROM shop_booking",
    "repairs": "SELECT id FROM shop_repair",
    "repairs_by_cursor": "SELECT id FROM shop_repair",
}


def key(value):
    return str(uuid.UUID(value)) if isinstance(value, str) else str(value)


with sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True) as db:
    print(json.dumps({name: [key(k) for (k,) in db.execute(query)] for name, query in QUERIES.items()}))
