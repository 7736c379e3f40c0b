"""The agent's working screen."""

from __future__ import annotations

from django.urls import path

from calls.cockpit import telephone, views

app_name = "cockpit"
urlpatterns = [
    path("", views.home, name="home"),
    path("availability/", views.availability, name="availability"),
    path("calls/<uuid:pk>/", telephone.phone, name="phone"),
    path("calls/<uuid:pk>/hang-up/", telephone.hang_up, name="hang_up"),
    path("calls/<uuid:pk>/control/", telephone.control, name="control"),
    path("calls/<uuid:pk>/hand-on/", telephone.hand_on, name="hand_on"),
    path("calls/<uuid:pk>/wrap-up/", views.wrap_up, name="wrap_up"),
    path("<uuid:pk>/", views.lead, name="lead"),
    path("<uuid:pk>/call/", views.call, name="call"),
    path("<uuid:pk>/take-over/", views.take_over, name="take_over"),
]
