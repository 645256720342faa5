"""What the API shows."""

from rest_framework import serializers

from shop.models import Bike, Booking, Customer, Line, Repair


class BikeInList(serializers.ModelSerializer):
    class Meta:
        model = Bike
        fields = ["id", "serial", "name", "kind", "state", "updated_at"]


class BikeDetail(serializers.ModelSerializer):
    class Meta:
        model = Bike
        fields = "__all__"


class BikeInBooking(serializers.ModelSerializer):
    class Meta:
        model = Bike
        fields = ["id", "name"]


class CustomerInBooking(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ["id", "name", "phone"]


class LineInBooking(serializers.ModelSerializer):
    class Meta:
        model = Line
        exclude = ["booking"]


class BookingInList(serializers.ModelSerializer):
    bike = BikeInBooking()
    customer = CustomerInBooking()
    lines = LineInBooking(many=True)

    class Meta:
        model = Booking
        fields = "__all__"

    def to_representation(self, booking):
        shown = super().to_representation(booking)
        if shown["legacy"] is None:
            del shown["legacy"]
        return shown


class RepairInList(serializers.ModelSerializer):
    class Meta:
        model = Repair
        fields = "__all__"
