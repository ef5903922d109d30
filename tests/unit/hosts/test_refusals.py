"""What was seen when something ended before the work began, told with its remedy."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.hosts import refusals
from mapinfra.hosts.refusals import Advice


@pytest.mark.parametrize(
    ("banner", "what", "remedy"),
    [
        ("Your account has expired; please contact your system administrator.", "expired", "chage"),
        ("Too many logins for 'mapinfra'.", "too often", "maxlogins"),
        ("There were too many logins for 'mapinfra'.", "too often", "maxlogins"),
        ("The account is locked due to 3 failed logins.", "locked", "usermod -U"),
        ("System is going down. Unprivileged users …", "lets nobody", "nologin"),
    ],
)
def test_what_sshd_says_while_it_refuses_a_user(banner: str, what: str, remedy: str) -> None:
    advice = refusals.of_login("mapinfra", f"\r\n{banner}\r\n")
    assert what in advice.what
    assert banner in advice.what
    assert remedy in advice.remedy


HARMLESS = [
    "metrics not available",
    "The wiki is currently not available, see /etc/nologin.txt",
    "password change required every 90 days",
    "A password that has expired is set anew at the desk",
    "Your password will expire in 7 days.",
    "When an account has expired, ask for a new one",
    "After five wrong passwords an account is locked for an hour.",
    "Too many logins fail here, use keys",
    "Scheduled: the system is going down every Sunday",
    "curl: Resource temporarily unavailable",
    "backup: cannot allocate memory for the cache",
    "pitchfork: started",
    "bash: /etc/profile.d/proxy.sh: No such file or directory",
]
"""What start-up files, banners and lectures may print without being why a login ends."""


@pytest.mark.parametrize("line", HARMLESS)
def test_a_harmless_line_is_no_cause(line: str) -> None:
    assert refusals.of_login("mapinfra", line).what == f'it said "{line}"'
    told = refusals.of_shell("mapinfra", line, 1, 0.1)
    assert told.what.endswith(f'and printed "{line}"')
    assert refusals.of_sudo("mapinfra", line).what == f"sudo refused mapinfra ({line})"


def test_what_sshd_says_in_words_of_its_own_is_shown_as_it_is() -> None:
    advice = refusals.of_login("mapinfra", "Down for\nmaintenance\n")
    assert advice.what == 'it said "maintenance"'
    assert "/etc/nologin" in advice.remedy
    assert refusals.of_login("mapinfra", "").what == "it said nothing"


@pytest.mark.parametrize(
    ("printed", "status", "what", "remedy"),
    [
        ("This account is currently not available.\n", 1, "runs nothing", "usermod -s"),
        (
            "You are required to change your password immediately (administrator enforced).\n",
            1,
            "password of mapinfra has expired",
            "chage -M -1 mapinfra",
        ),
        ("sh: 0: Cannot fork\n", 2, "starts no process", "nproc"),
        ("zsh: fork failed: resource temporarily unavailable\n", 1, "starts no process", "nproc"),
        ("", 1, "(exit 1 after 0.1 s), and printed nothing", "login shell"),
        ("", None, "(a signal after", "ForceCommand"),
        ("Welcome, this is a menu\n", 0, 'printed "Welcome, this is a menu"', "ForceCommand"),
        ("Too many logins for 'mapinfra'.\n", 254, "too often", "maxlogins"),
        (
            "WARNING: Your password has expired.\nPassword change required but no TTY available.\n",
            1,
            "password of mapinfra has expired",
            "chage -M -1 mapinfra",
        ),
        (
            "bash: fork: retry: Resource temporarily unavailable\n",
            254,
            "starts no process",
            "nproc",
        ),
        ("sh: 1: exec: sudo: not found\n", 127, "no sudo", "doas isn't supported"),
        ("bash: line 1: sudo: command not found\n", 127, "no sudo", "become: none"),
        ("bash: line 1: exec: sh: not found\n", 127, "finds no `sh`", "PATH"),
    ],
)
def test_what_ends_before_the_command_is_told_as_it_was_seen(
    printed: str, status: int | None, what: str, remedy: str
) -> None:
    advice = refusals.of_shell("mapinfra", printed, status, 0.12)
    assert what in advice.what
    assert remedy in advice.remedy


@pytest.mark.parametrize(
    ("printed", "what", "remedy"),
    [
        ("sudo: 1 incorrect password attempt\n", "refused the password", "ssh.sudo_password"),
        ("guest is not in the sudoers file.\n", "guest is not in the sudoers", "sudoers"),
        ("sudo: sorry, you must have a tty to run sudo\n", "wants a terminal", "!requiretty"),
        ("sudo: a password is required\n", "asks mapinfra for a password", "ssh.sudo_password"),
        ("sudo: Account or password is expired, reset your password\n", "expired", "chage -l"),
        ("sudo: Password expired, contact your system administrator\n", "expired", "chage -l"),
        ("sudo: account validation failure, is your account locked?\n", "locked", "chage -l"),
        ("sudo: /etc/sudoers is owned by uid 1000, should be 0\n", "can't become root", "mend"),
        (
            "sudo: effective uid is not 0, is /usr/bin/sudo on a nosuid filesystem\n",
            "become",
            "mend",
        ),
        ("sudo: parse error in /etc/sudoers near line 1\n", "can't be read", "visudo -c"),
        ("sudo: unable to resolve host x\nsomething new\n", "something new", "sudoers"),
        ("", "it gave no reason", "sudoers"),
    ],
)
def test_what_sudo_says(printed: str, what: str, remedy: str) -> None:
    advice = refusals.of_sudo("mapinfra", printed)
    assert what in advice.what
    assert remedy in advice.remedy


@pytest.mark.parametrize(
    ("code", "what", "remedy"),
    [
        (1040, "too many connections", "max_connections"),
        (1045, "refuses user reader", "REQUIRE SSL"),
        (1129, "blocked that host", "flush-hosts"),
        (1290, "forbids this", "read_only"),
        (1820, "expired", "ALTER USER"),
        (1862, "expired", "ALTER USER"),
        (2059, "isn't supported", "ed25519"),
        (3159, "require_secure_transport", "ssl_cert"),
        (4151, "locked", "ACCOUNT UNLOCK"),
        (9999, "says: words (9999)", ""),
    ],
)
def test_what_mariadb_says(code: int, what: str, remedy: str) -> None:
    advice = refusals.of_mariadb(code, "words", at="MariaDB at x", user="reader", name="centreon")
    assert advice.what.startswith("MariaDB at x ")
    assert what in advice.what
    assert remedy in advice.remedy


@given(st.text(), st.none() | st.integers(0, 255), st.text(string.ascii_lowercase, min_size=1))
def test_whatever_is_printed_is_told_in_one_line_with_a_remedy(
    printed: str, status: int | None, user: str
) -> None:
    told: list[Advice] = [
        refusals.of_shell(user, printed, status, 1),
        refusals.of_sudo(user, printed),
    ]
    for advice in told:
        assert "\n" not in advice.what
        assert advice.remedy
        assert len(advice.what) < 400
