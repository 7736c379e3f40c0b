"""Pages."""

from __future__ import annotations

from django.urls import path

from crm.notifications import own_views, views

app_name = "notifications"
urlpatterns = [
    path("notifications/", own_views.notification_list, name="list"),
    path("notifications/bell/", own_views.bell, name="bell"),
    path("notifications/latest/", own_views.latest, name="latest"),
    path("notifications/settings/", own_views.settings_page, name="settings"),
    path("notifications/read-all/", own_views.open_all, name="read_all"),
    path("notifications/<uuid:pk>/", own_views.open_one, name="open"),
    path("leads/<uuid:pk>/mails/", views.lead_mails, name="lead_mails"),
    path("leads/<uuid:pk>/mails/resend/", views.resend, name="resend"),
]
