from __future__ import annotations

from typing import Any

import pytest

from etl_airflow import exits
from etl_airflow._airflow import AirflowException, AirflowFailException, AirflowSkipException

FAILED: dict[str, Any] = {
    "pipelines": [
        {"name": "deals", "status": "failed", "error": "reading page 7: 503", "hint": "try later"},
        {"name": "users", "status": "ok", "error": ""},
    ]
}


@pytest.mark.parametrize(
    ("code", "tries", "want"),
    [
        (1, 1, AirflowFailException),
        (2, 1, AirflowFailException),
        (3, 1, AirflowException),
        (4, 1, AirflowFailException),
        (5, 1, AirflowFailException),
        (6, 1, AirflowException),
        (6, 2, AirflowFailException),
        (7, 1, AirflowFailException),
        (8, 9, AirflowException),
        (99, 1, AirflowSkipException),
        (130, 1, AirflowException),
        (143, 1, AirflowException),
        (137, 1, AirflowException),
        (-9, 1, AirflowException),
    ],
)
def test_codes(code: int, tries: int, want: type[Exception]) -> None:
    with pytest.raises(want) as raised:
        exits.conclude(code, {}, tries)
    assert raised.type is want


def test_success_is_silent() -> None:
    exits.conclude(0, {}, 1)


def test_failures_are_named() -> None:
    with pytest.raises(AirflowException, match=r"deals: reading page 7: 503 \(try later\)") as raised:
        exits.conclude(3, FAILED, 1)
    assert "users" not in str(raised.value)


def test_what_could_not_begin_says_why() -> None:
    summary = {"error": 'no pipeline is named "deal"', "hint": 'did you mean "deals"?', "pipelines": []}
    with pytest.raises(AirflowFailException, match=r'no pipeline is named "deal" \(did you mean "deals"\?\)'):
        exits.conclude(2, summary, 1)


@pytest.mark.parametrize(
    ("code", "summary", "want"),
    [(3, {"retry_after": 30.5}, 30.5), (3, {}, 0.0), (8, {"retry_after": 30}, 0.0)],
)
def test_only_transient_failures_wait_as_asked(code: int, summary: dict[str, Any], want: float) -> None:
    assert exits.retry_after(code, summary) == want
