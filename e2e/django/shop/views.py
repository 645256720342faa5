"""The API: three lists, one detail."""

from rest_framework import generics

from shop.models import Bike, Booking, Repair
from shop.pages import Cursors, Links
from shop.serializers import BikeDetail, BikeInList, BookingInList, RepairInList


class Bikes(generics.ListAPIView):
    queryset = Bike.objects.all()
    serializer_class = BikeInList


class OneBike(generics.RetrieveAPIView):
    queryset = Bike.objects.filter(hidden=False)
    serializer_class = BikeDetail


class Bookings(generics.ListAPIView):
    queryset = Booking.objects.select_related("bike", "customer").prefetch_related("lines")
    serializer_class = BookingInList


class Repairs(generics.ListAPIView):
    queryset = Repair.objects.all()
    serializer_class = RepairInList
    pagination_class = Links


class RepairsByCursor(Repairs):
    pagination_class = Cursors
