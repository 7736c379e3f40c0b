"""Pages."""

from __future__ import annotations

from django.urls import path

from crm.compliance import suppression_views, views

app_name = "compliance"
urlpatterns = [
    path("", views.rules, name="rules"),
    path("hours/new/", views.hours, name="new_hours"),
    path("hours/<uuid:pk>/", views.hours, name="hours"),
    path("hours/<uuid:pk>/remove/", views.remove_hours, name="remove_hours"),
    path("suppressions/", suppression_views.suppressions, name="suppressions"),
    path("suppressions/new/", suppression_views.new, name="suppress"),
    path("suppressions/import/", suppression_views.bring_in, name="bring_in"),
    path("suppressions/<uuid:pk>/lift/", suppression_views.lift, name="lift"),
    path("contacts/<uuid:pk>/", views.contact, name="contact"),
    path("contacts/<uuid:pk>/consent/", views.consent, name="consent"),
    path("leads/<uuid:pk>/", views.lead, name="lead"),
]
