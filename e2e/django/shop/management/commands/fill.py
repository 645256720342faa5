"""Fills the database with the same rows every time."""

import random
import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import transaction

from shop.models import Bike, Booking, Customer, Kind, Line, Repair, State, Status

BIKES, CUSTOMERS, BOOKINGS, REPAIRS = 400, 200, 3000, 1200
ALMATY = ZoneInfo("Asia/Almaty")

# Values at the edges of what a column holds; the first rows take them in turn.
SERIALS = [0, -1, 2**63 - 1, -(2**63), 2**53 + 1]
PRICES = ["0.00", "-0.01", "9999999999999.99", "-9999999999999.99", "0.10"]
DEPOSITS = ["0.0000000001", "-1234567890123456789012345678.0123456789", "9999999999999999999999999999.9999999999", "1.0000000000", "0.0000000000"]
SPANS = [
    timedelta(0),
    timedelta(seconds=-1),
    timedelta(microseconds=1),
    timedelta(microseconds=-1),
    timedelta(days=30, hours=12),
    timedelta(days=-400, hours=5, microseconds=250),
    timedelta(days=36500, seconds=86399, microseconds=999999),
]
TIMES = [time(0), time(23, 59, 59, 999999), time(12, 30), time(9, 0, 0, 500000)]
TEXTS = ["", " ", "Велосипед «Ласточка»", "a\"b\\c/d", "tab\tline\nend", "\u2028 \u2029", "🚲", "<&>", "NULL", "0"]
EXTRAS = [{}, [], 0, "", False, {"vin": "X1", "made": "2019", "цвет": "красный"}, [1, 2.5, 1e100, None, {"a": {"b": []}}], {"": "<&>\u2028"}]


class Command(BaseCommand):
    help = __doc__

    @transaction.atomic
    def handle(self, *args, **options):
        self.random = random.Random(7)
        User.objects.create_user("etl", password="correct horse")
        bikes = Bike.objects.bulk_create(self.bike(i) for i in range(BIKES))
        customers = Customer.objects.bulk_create(
            Customer(name=self.text(i), phone=self.maybe(f"+7701{i:07}")) for i in range(CUSTOMERS)
        )
        bookings = Booking.objects.bulk_create(self.booking(i, bikes, customers) for i in range(BOOKINGS))
        Line.objects.bulk_create(self.line(b, n) for b in bookings for n in range(self.random.randrange(5)))
        begun = [self.moment() for _ in range(REPAIRS // 4)]
        Repair.objects.bulk_create(self.repair(i, bikes, begun) for i in range(REPAIRS))

    def bike(self, i):
        r = self.random
        return Bike(
            id=uuid.UUID(int=r.getrandbits(128), version=4),
            serial=self.edge(SERIALS, i, r.randrange(10**6, 10**12)),
            name=self.text(i),
            kind=r.choice(Kind.values),
            state=r.choice(State.values),
            price=Decimal(self.edge(PRICES, i, f"{r.randrange(10**7)}.{r.randrange(100):02}")),
            deposit=self.maybe(Decimal(self.edge(DEPOSITS, i, f"{r.randrange(10**20)}.{r.randrange(10**10):010}"))),
            tax_percent=Decimal(r.randrange(-99999, 100000)).scaleb(-2),
            weight=self.maybe(Decimal(r.randrange(10**8)).scaleb(-3)),
            longest=self.maybe(self.span(i)),
            bought=self.maybe(date(2019, 1, 1) + timedelta(days=r.randrange(2500))),
            opens=self.maybe(r.choice(TIMES)),
            active=r.random() < 0.5,
            extra=self.maybe(r.choice(EXTRAS)),
            hidden=i % 150 == 99,
            updated_at=self.moment(),
        )

    def booking(self, i, bikes, customers):
        r = self.random
        return Booking(
            bike=r.choice(bikes),
            customer=self.maybe(r.choice(customers)),
            status=r.choice(Status.values),
            created_at=self.moment(),
            updated_at=self.maybe(self.moment()),
            duration=self.span(i),
            delay=self.maybe(-abs(self.span(i))),
            total=Decimal(self.edge(PRICES, i, f"{r.randrange(10**7)}.{r.randrange(100):02}")),
            paid=r.choice([True, False, None]),
            note=self.maybe(r.choice(TEXTS)),
            extra=self.maybe(r.choice(EXTRAS)),
            legacy={"tier": i, "tags": ["а", "b"]} if i % 10 == 0 else None,
        )

    def line(self, booking, n):
        r = self.random
        return Line(
            booking=booking,
            title=self.text(n),
            amount=Decimal(r.randrange(-(10**10) + 1, 10**10)).scaleb(-4),
            count=r.choice(SERIALS),
            duration=self.maybe(self.span(n)),
            created_at=self.moment(),
        )

    def repair(self, i, bikes, begun):
        """The first began at once, of the others some did."""
        r = self.random
        return Repair(
            bike=r.choice(bikes),
            begun_at=begun[0] if i < 120 else r.choice(begun),
            took=self.maybe(self.span(i)),
            cost=self.maybe(Decimal(r.randrange(-(10**12) + 1, 10**12)).scaleb(-3)),
            done=r.choice([True, False, None]),
            note=self.maybe(self.text(i)),
            parts=self.maybe(r.choice(EXTRAS)),
            bench=i % 7,
        )

    def edge(self, values, i, other):
        """The i-th of the values at the edge, after them other."""
        return values[i] if i < len(values) else other

    def maybe(self, value):
        return value if self.random.random() < 0.8 else None

    def text(self, i):
        return self.random.choice(TEXTS) + f" {i}"

    def span(self, i):
        return self.edge(SPANS, i, timedelta(seconds=self.random.randrange(-(10**6), 10**7), microseconds=self.random.choice([0, 1, 500000])))

    def moment(self):
        """A time of day on either side of the change of the zone's offset."""
        start = datetime(2023, 9, 1, tzinfo=ALMATY)
        return start + timedelta(seconds=self.random.randrange(365 * 86400), microseconds=self.random.choice([0, 1, 120000]))
