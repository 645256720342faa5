"""The API: two lists, one detail."""

from rest_framework import generics

from shop.models import Bike, Booking
from shop.serializers import BikeDetail, BikeInList, BookingInList


class Bikes(generics.ListAPIView):
    queryset = Bike.objects.all()
    serializer_class = BikeInList


class OneBike(generics.RetrieveAPIView):
    queryset = Bike.objects.filter(hidden=False)
    serializer_class = BikeDetail


class Bookings(generics.ListAPIView):
    queryset = Booking.objects.select_related("bike", "customer").prefetch_related("lines")
    serializer_class = BookingInList
