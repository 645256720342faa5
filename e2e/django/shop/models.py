"""What the rental keeps: bikes, customers, bookings with their lines, repairs."""

import uuid
from decimal import Decimal

from django.db import models


class ExactDecimalField(models.DecimalField):
    """A decimal that SQLite keeps as text: its own type loses digits after 15."""

    def db_type(self, connection):
        return "text"

    def get_internal_type(self):
        return "CharField"

    def get_db_prep_value(self, value, connection, prepared=False):
        return None if value is None else f"{value:f}"

    def from_db_value(self, value, expression, connection):
        return None if value is None else Decimal(value)


class Kind(models.TextChoices):
    CITY = "city", "Городской"
    CARGO = "cargo", "Грузовой"
    CHILD = "child", "Детский"


class State(models.IntegerChoices):
    FREE = 0, "Свободен"
    RENTED = 1, "В аренде"
    REPAIR = 2, "В ремонте"


class Status(models.IntegerChoices):
    LATE = -1, "Просрочка"
    REQUEST = 0, "Запрос"
    RESERVED = 1, "Забронировано"
    DONE = 4, "Завершено"


class Bike(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    serial = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.IntegerField(choices=State)
    price = models.DecimalField(max_digits=16, decimal_places=2)
    deposit = ExactDecimalField(max_digits=38, decimal_places=10, null=True)
    tax_percent = models.DecimalField(max_digits=5, decimal_places=2)
    weight = models.DecimalField(max_digits=8, decimal_places=3, null=True)
    longest = models.DurationField(null=True)
    bought = models.DateField(null=True)
    opens = models.TimeField(null=True)
    active = models.BooleanField()
    extra = models.JSONField(null=True)
    hidden = models.BooleanField(default=False)  # listed, but not shown
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]


class Customer(models.Model):
    name = models.CharField(max_length=255)
    phone = models.CharField(max_length=32, null=True)


class Booking(models.Model):
    bike = models.ForeignKey(Bike, on_delete=models.PROTECT)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True)
    status = models.IntegerField(choices=Status)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(null=True)
    duration = models.DurationField()
    delay = models.DurationField(null=True)
    total = models.DecimalField(max_digits=16, decimal_places=2)
    paid = models.BooleanField(null=True)
    note = models.TextField(null=True)
    extra = models.JSONField(null=True)
    legacy = models.JSONField(null=True)  # what the schema of the test does not know

    class Meta:
        ordering = ["id"]


class Line(models.Model):
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="lines")
    title = models.CharField(max_length=255)
    amount = models.DecimalField(max_digits=10, decimal_places=4)
    count = models.BigIntegerField()
    duration = models.DurationField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]


class Repair(models.Model):
    bike = models.ForeignKey(Bike, on_delete=models.PROTECT)
    begun_at = models.DateTimeField()  # several can have begun at once
    took = models.DurationField(null=True)
    cost = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    done = models.BooleanField(null=True)
    note = models.TextField(null=True)
    parts = models.JSONField(null=True)
    bench = models.IntegerField()  # what the schema of the test does not know

    class Meta:
        ordering = ["id"]
