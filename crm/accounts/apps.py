from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "crm.accounts"
    label = "accounts"

    def ready(self) -> None:
        from crm.accounts import backends, receivers

        backends.connect()
        receivers.connect()
