"""Pages."""

from __future__ import annotations

from django.urls import path

from crm.accounts import own_views, views

app_name = "accounts"
urlpatterns = [
    path("users/", views.users, name="users"),
    path("users/new/", views.new_user, name="new_user"),
    path("users/invite/", views.send_invitation, name="invite"),
    path("users/invitations/<uuid:pk>/withdraw/", views.withdraw_invitation, name="withdraw_invitation"),
    path("users/<uuid:pk>/", views.user, name="user"),
    path("users/<uuid:pk>/deactivate/", views.deactivate, name="deactivate"),
    path("users/<uuid:pk>/activate/", views.activate, name="activate"),
    path("settings/", views.company_settings, name="settings"),
    path("profile/", own_views.profile, name="profile"),
    path("profile/sessions/<uuid:pk>/end/", own_views.end_session, name="end_session"),
    path("profile/theme/", own_views.theme, name="theme"),
]
