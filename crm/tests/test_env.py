"""A setting that is set and wrong stops the start with one clear sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crm.env import Environment, WrongSetting, embedded_socket
from crm.make_secrets import lines

HERE = Path(__file__).resolve().parents[2]


@pytest.fixture
def env():
    return Environment()


def read(env, reader, value, monkeypatch, *args, **kwargs):
    monkeypatch.setenv("SOME_SETTING", value)
    return getattr(env, reader)("SOME_SETTING", *args, **kwargs)


@pytest.mark.parametrize(
    ("reader", "value", "args"),
    [
        ("number", "many", (1,)),
        ("number", "-3", (1,)),
        ("number", "٣", (1,)),
        ("number", "70000", (8000, 1, 65535)),
        ("share", "1.2", (0.7,)),
        ("share", "nan", (0.7,)),
        ("share", "most", (0.7,)),
        ("flag", "perhaps", (True,)),
        ("choice", "ajar", ("open", ("open", "closed"))),
        ("origin", "crm.example.com", ("http://x",)),
        ("origin", "https://crm.example.com/path", ("http://x",)),
        ("origin", "https://crm.example.com:port", ("http://x",)),
        ("origins", "https://a.example.com,b.example.com", ()),
        ("hosts", "https://crm.example.com", (True,)),
        ("hosts", "crm.example.com:8000", (True,)),
        ("sender", "nobody", ("a@example.com",)),
        ("database", "mysql://u@h/db", (Path("/tmp"),)),
        ("database", "nonsense", (Path("/tmp"),)),
        ("database", "postgres://host-and-no-name", (Path("/tmp"),)),
        ("redis", "http://h", (Path("/tmp"),)),
        ("redis", "redis://h/zero", (Path("/tmp"),)),
        ("email", "ftp://h", (Path("/tmp"),)),
        ("secret", "short", (Path("/tmp"), False)),
        ("field_keys", "not-a-key", (Path("/tmp"), False)),
        ("signing_key", "not-a-key", (Path("/tmp"), False)),
        ("folder", "/proc/none", (Path("/tmp"),)),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_that_names_the_setting(env, monkeypatch, reader, value, args):
    with pytest.raises(WrongSetting) as refused:
        read(env, reader, value, monkeypatch, *args)
    assert str(refused.value).startswith("SOME_SETTING")
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_right_values_are_read(env, monkeypatch, tmp_path):
    assert read(env, "number", "42", monkeypatch, 1) == 42
    assert read(env, "share", "0.25", monkeypatch, 0.7) == 0.25
    assert read(env, "flag", "off", monkeypatch, True) is False
    assert read(env, "origin", "https://crm.example.com/", monkeypatch, "") == "https://crm.example.com"
    assert read(env, "hosts", "a.example.com, [::1]", monkeypatch, False) == ["a.example.com", "[::1]"]
    assert read(env, "redis", "rediss://:pw@h:6380/2", monkeypatch, tmp_path).broker == "rediss://:pw@h:6380/2"
    assert read(env, "database", "postgres://u:p@h:5433/db", monkeypatch, tmp_path)["NAME"] == "db"
    asked = read(env, "database", "postgres://h/db?options=-c%20work_mem%3D1MB&sslmode=require", monkeypatch, tmp_path)
    assert asked["OPTIONS"] == {"sslmode": "require", "options": "-c jit=off -c work_mem=1MB"}
    mail = read(env, "email", "smtp+tls://u:p%40@mail.example.com:587", monkeypatch, tmp_path)
    assert (mail["EMAIL_HOST"], mail["EMAIL_PORT"], mail["EMAIL_USE_TLS"]) == ("mail.example.com", 587, True)
    assert mail["EMAIL_HOST_PASSWORD"] == "p@"


def test_secrets_are_demanded_in_production_and_made_once_in_development(env, tmp_path):
    with pytest.raises(WrongSetting, match="AUDIT_KEY must be set when DEBUG is false"):
        env._secret("AUDIT_KEY", tmp_path, False)
    made = env.secret("AUDIT_KEY", tmp_path, True)
    assert env.secret("AUDIT_KEY", tmp_path, True) == made
    assert (tmp_path / "secrets/audit_key").stat().st_mode & 0o777 == 0o600


def test_processes_that_start_together_make_one_secret(env, tmp_path):
    with ThreadPoolExecutor(16) as pool:
        made = {*pool.map(lambda _: env.signing_key("JWT_PRIVATE_KEY", tmp_path, True), range(64))}
    assert len(made) == 1
    assert [file.name for file in (tmp_path / "secrets").iterdir()] == ["jwt_private_key"]


def test_a_deep_folder_has_its_socket_elsewhere(tmp_path):
    assert embedded_socket(tmp_path) == tmp_path / "broker.sock"
    deep = embedded_socket(tmp_path / ("deep" * 30))
    assert len(str(deep)) < 100
    deep.parent.rmdir()


def test_made_secrets_are_accepted(env, monkeypatch, tmp_path):
    for line in lines():
        monkeypatch.setenv(*line.split("=", 1))
    assert env.secret("SECRET_KEY", tmp_path, False)
    assert env.field_keys("FIELD_KEYS", tmp_path, False)
    assert "\n" in env.signing_key("JWT_PRIVATE_KEY", tmp_path, False)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"PORT": "high"}, "PORT must be a whole number from 1 to 65535, not 'high'."),
        ({"DEBUG": "false"}, "SECRET_KEY must be set when DEBUG is false (python -m crm.make_secrets makes one)."),
    ],
)
def test_the_start_stops_with_that_sentence_alone(setting, sentence, tmp_path):
    plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    command = [sys.executable, HERE / "manage.py", "up"]
    result = subprocess.run(
        command, env={**plain, "VAR_DIR": str(tmp_path), **setting}, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (1, "", sentence + "\n")
