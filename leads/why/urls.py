"""Addresses of why and why not, included by `leads/urls.py` and `leads/api/urls.py`."""

from django.urls import path

from crm.core.api.routers import route
from leads.why import views
from leads.why.api import WhyViewSet

urlpatterns = [path("<uuid:pk>/why/", views.why, name="why")]
api_urlpatterns = [route("leads/<pk>/why", WhyViewSet, {"get": "why"}, "lead-why")]
