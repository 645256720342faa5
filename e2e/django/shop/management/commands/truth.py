"""Writes the rows of every pipeline as NDJSON, from Django's own typed values:
as the schemas of the test have them, and in the folder imported with a column
for all that the document of the API tells of.
"""

import json
from datetime import timedelta, timezone
from pathlib import Path

from django.core.management.base import BaseCommand

from shop.models import Bike, Booking, Repair


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("dir", type=Path)

    def handle(self, *args, **options):
        tables = {
            "bikes": (bike_in_list(b) for b in Bike.objects.all()),
            "bike_details": (bike(b) for b in Bike.objects.filter(hidden=False)),
            "bookings": (booking(b) for b in Booking.objects.all()),
            "repairs": (repair(r) for r in Repair.objects.all()),
            "repairs_by_cursor": (repair(r) for r in Repair.objects.all()),
        }
        write(options["dir"], tables)
        repairs = [imported(repair(r), bench=r.bench) for r in Repair.objects.all()]
        tables = {
            "bikes": (imported(bike_in_list(b), kind=b.kind, kind_label=b.get_kind_display()) for b in Bike.objects.all()),
            "bike_details": (imported(bike(b), hidden=b.hidden) for b in Bike.objects.filter(hidden=False)),
            "bookings": (imported(booking(b), legacy=text(b.legacy)) for b in Booking.objects.all()),
            "repairs": repairs,
            "repairs_by_cursor": repairs,
        }
        write(options["dir"] / "imported", tables)


def write(folder, tables):
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with open(folder / f"{name}.ndjson", "w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def imported(row, **more):
    """A row of which nothing is left for _extra."""
    return {**row, **more, "_extra": None}


def bike_in_list(b):
    return {
        "id": str(b.id),
        "serial": b.serial,
        "name": b.name,
        "state": b.state,
        "state_label": b.get_state_display(),
        "updated_at": moment(b.updated_at),
        "_extra": text({"kind": b.kind}),
    }


def bike(b):
    return {
        "id": str(b.id),
        "serial": b.serial,
        "name": b.name,
        "kind": b.kind,
        "kind_label": b.get_kind_display(),
        "state": b.state,
        "state_label": b.get_state_display(),
        "price": digits(b.price, 2),
        "deposit": digits(b.deposit, 10),
        "tax_percent": digits(b.tax_percent, 2),
        "weight": digits(b.weight, 3),
        "longest": micros(b.longest),
        "bought": b.bought and b.bought.isoformat(),
        "opens": clock(b.opens),
        "active": b.active,
        "extra": text(b.extra),
        "updated_at": moment(b.updated_at),
        "_extra": text({"hidden": b.hidden}),
    }


def booking(b):
    return {
        "id": b.id,
        "bike": {"id": str(b.bike.id), "name": b.bike.name},
        "customer": b.customer and {"id": b.customer.id, "name": b.customer.name, "phone": b.customer.phone},
        "status": b.status,
        "status_label": b.get_status_display(),
        "created_at": moment(b.created_at),
        "updated_at": moment(b.updated_at),
        "duration": micros(b.duration),
        "delay": micros(b.delay),
        "total": digits(b.total, 2),
        "paid": b.paid,
        "note": b.note,
        "lines": [line(one) for one in b.lines.all()],
        "extra": text(b.extra),
        "_extra": text(b.legacy and {"legacy": b.legacy}),
    }


def line(one):
    return {
        "id": one.id,
        "title": one.title,
        "amount": digits(one.amount, 4),
        "count": one.count,
        "duration": micros(one.duration),
        "created_at": moment(one.created_at),
    }


def repair(r):
    return {
        "id": r.id,
        "bike": str(r.bike_id),
        "begun_at": moment(r.begun_at),
        "took": micros(r.took),
        "cost": digits(r.cost, 3),
        "done": r.done,
        "note": r.note,
        "parts": text(r.parts),
        "_extra": text({"bench": r.bench}),
    }


def digits(value, scale):
    return None if value is None else f"{value:.{scale}f}"


def micros(value):
    return None if value is None else value // timedelta(microseconds=1)


def moment(value):
    return value and value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def clock(value):
    """The time of day; its fraction without zeros at the end, as DuckDB writes it."""
    if value is None or value.microsecond == 0:
        return value and value.isoformat()
    return value.isoformat().rstrip("0")


def text(value):
    """JSON as the API's renderer writes it."""
    if value is None:
        return None
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
