"""The product's addresses and, under /floor/, bare views of the same rows."""

from django.urls import include, path

from bench import floor

urlpatterns = [
    path("floor/list", floor.list_leads),
    path("floor/one/<uuid:pk>", floor.one_lead),
    path("floor/create", floor.create_lead),
    path("floor/update/<uuid:pk>", floor.update_lead),
    path("floor/assign/<uuid:pk>", floor.assign_lead),
    path("", include("crm.urls")),
]
