from allauth.account.auth_backends import AuthenticationBackend as Backend  # noqa
