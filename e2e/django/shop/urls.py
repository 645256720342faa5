"""Where things are."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from shop import views

urlpatterns = [
    path("v1/auth/login/", TokenObtainPairView.as_view()),
    path("v1/auth/refresh/", TokenRefreshView.as_view()),
    path("v1/schema/", SpectacularAPIView.as_view()),
    path("v1/bikes/", views.Bikes.as_view()),
    path("v1/bikes/<uuid:pk>/", views.OneBike.as_view()),
    path("v1/bookings/", views.Bookings.as_view()),
    path("v1/repairs/", views.Repairs.as_view()),
    path("v1/repairs/by-cursor/", views.RepairsByCursor.as_view()),
]
