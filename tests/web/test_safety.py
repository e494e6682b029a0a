"""Forged requests, headers, redirects, hostile names, sizes, the error shape, health (SE-4, SE-8, SE-9, SE-10)."""

import io
from html.parser import HTMLParser

import pytest
from sqlalchemy import select, update

from models.exam import ExamRecord, PaperRecord
from models.job import Job
from models.people import Candidate, School
from models.sheet import Batch, ScanFile
from models.staff import User
from tests.support.office import PASSWORD, Office
from tests.web.test_role_matrix import ROWS, address_of
from web.access.guard import SMALL_BODY
from web.access.headers import CONTENT_SECURITY_POLICY
from web.access.local import local_path
from web.app import ProxyMissing, create_app
from web.errands import FOLLOW
from web.settings import load_settings
from web.uploads import plain_name
from web.wiring import Services

UNSAFE = [(method, rule) for (method, rule), _statuses in ROWS if method not in ("GET", "HEAD")]
PAYLOADS = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror=hit()>',
    "' onmouseover='hit()",
    "{{ 7 * 7 }}{% print(1) %}",
    "</title><svg onload=hit()>",
    "javascript:hit()//",
)


def test_no_change_without_the_token_of_the_session(office: Office) -> None:
    client = office.as_person("manager").client
    foreign = office.as_person("scanner").csrf_token
    open_doors = [
        (method, rule, headers)
        for method, rule in UNSAFE
        for headers in ({}, {"X-CSRF-Token": "of somebody else"}, {"X-CSRF-Token": foreign})
        if client.open(address_of(office, rule), method=method, headers=headers).status_code != 403
    ]
    assert open_doors == []


def test_no_change_that_another_site_asked_for(office: Office) -> None:
    visitor = office.as_person("manager")
    elsewhere = (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Referer": "http://evil.example/page"},
        {"Origin": "http://localhost:81"},
        {"Sec-Fetch-Site": "cross-site"},
    )
    open_doors = [
        (method, rule, headers)
        for method, rule in UNSAFE
        for headers in elsewhere
        if visitor.send(method, address_of(office, rule), headers=headers).status_code != 403
    ]
    assert open_doors == []
    own = visitor.send("POST", "/language", data={"language": "en"}, headers={"Origin": "http://localhost"})
    assert own.status_code == 302


def test_the_login_form_is_tied_to_the_browser_that_asked_for_it(office: Office) -> None:
    first, second = office.client(), office.client()
    token = hidden(first.get("/login").text)
    fields = {"username": "manager", "password": PASSWORD, "csrf_token": token}
    assert second.post("/login", data=fields).status_code == 403
    answer = first.post("/login", data={**fields, "next": "/exams"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/exams")


def hidden(page: str) -> str:
    return page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]


def test_looking_changes_nothing(office: Office) -> None:
    visitor = office.as_person("manager")
    tables = ("exam", "paper", "user_account", "access_grant", "sheet_exception", "page_image", "job", "audit_event")
    before = counts(office, tables)
    for (method, rule), _statuses in ROWS:
        if method == "GET":
            with visitor.get(address_of(office, rule)):
                pass
    with office.kept.database.read() as session:
        asked = set(session.scalars(select(Job.kind).order_by(Job.id).offset(before["job"])))
    assert asked <= {FOLLOW}, "a page may have scores worked out from the marks that are there, and nothing else"
    kept_still = [name for name in tables if name not in ("audit_event", "job")]
    after = counts(office, tables)
    assert {name: after[name] - before[name] for name in kept_still} == dict.fromkeys(kept_still, 0)


def counts(office: Office, tables: tuple[str, ...]) -> dict[str, int]:
    with office.kept.database.read() as session:
        connection = session.connection()
        return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in tables}


def test_every_answer_carries_the_headers(office: Office) -> None:
    for person in ("nobody", "manager"):
        client = office.client() if person == "nobody" else office.as_person(person).client
        for (method, rule), _statuses in ROWS:
            with client.open(address_of(office, rule), method=method) as answer:
                assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, rule
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["X-Frame-Options"] == "DENY"
                assert answer.headers["Referrer-Policy"] == "same-origin"
                assert "Strict-Transport-Security" not in answer.headers
                if not rule.startswith("/static"):
                    kept = answer.headers["Cache-Control"]
                    assert "no-store" in kept or "private" in kept, rule
                    assert "public" not in kept
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


def test_no_page_needs_inline_styles_or_scripts(office: Office) -> None:
    for page in pages(office):
        found = Inline()
        found.feed(page)
        assert found.trouble == []


class Inline(HTMLParser):
    """Collects what the content security policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.trouble.append(tag)
        self.trouble += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        for name in ("href", "src", "action"):
            value = names.get(name) or ""
            if "://" in value or value.lower().startswith(("javascript:", "data:")):
                self.trouble.append(f"{tag} {name}={value}")


def pages(office: Office) -> list[str]:
    """Every page that somebody can see."""
    texts = []
    for person in ("manager", "school_1", "student_1", "admin"):
        visitor = office.as_person(person)
        for (method, rule), statuses in ROWS:
            if method == "GET" and statuses[person] == 200 and "/static/" not in rule:
                with visitor.get(address_of(office, rule)) as answer:
                    if answer.mimetype == "text/html":
                        texts.append(answer.text)
    return texts


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_never_become_markup(office: Office, payload: str) -> None:
    with office.kept.database.write() as session:
        session.execute(update(User).values(name=payload[:100]))
        session.execute(update(Candidate).values(name=payload, room=payload[:40]))
        session.execute(update(School).where(School.id == office.ids["school_1"]).values(name=payload))
        session.execute(update(ExamRecord).values(title=payload))
        session.execute(update(PaperRecord).values(title=payload))
        session.execute(update(Batch).values(name=payload, operator=payload))
        session.execute(update(ScanFile).values(name=payload))
    for page in pages(office):
        found = Inline()
        found.feed(page)
        assert found.trouble == []
        assert "<script>window" not in page
        assert "49" not in page or "{{ 7" not in payload or "{{ 7 * 7 }}" in page


def test_the_internet_profile_asks_for_its_proxy(office: Office) -> None:
    settings = load_settings({"KAIYUE_DATA": str(office.kept.settings.data), "KAIYUE_PROFILE": "internet"})
    with pytest.raises(ProxyMissing):
        create_app(Services(settings, office.kept.database, office.kept.blobs))


def test_the_internet_profile_speaks_only_through_tls(internet_office: Office) -> None:
    client = internet_office.client()
    plain = client.get("/login")
    assert plain.status_code == 400
    assert "tls.needed" in plain.text
    assert client.get("/healthz").status_code == 200
    body = {"username": "manager", "password": PASSWORD}
    answer = client.post("/api/v1/session", json=body, base_url="https://marking.example")
    assert answer.status_code == 200
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-kaiyue_session=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")


ELSEWHERE = (
        "//evil.example", "\\\\evil.example", "/\\evil.example", "http://evil.example", "https:evil.example",
        "javascript:alert(1)",
        "//evil.example/%2f..", "/\t/evil.example", "/\n/evil.example", "///evil.example", "http:///evil.example",
        "/%0d%0aX: y\r\n",
        "evil.example", "", "@evil.example", "/ /evil", "\x00/", "/\u2028//evil" * 200, "ftp://evil", "/..//\\evil",
)  # fmt: skip


def test_nobody_is_sent_elsewhere(office: Office) -> None:
    client = office.client()
    token = hidden(client.get("/login").text)
    for wanted in ELSEWHERE:
        assert local_path(wanted) == "/", wanted
        fields = {"language": "en", "next": wanted, "csrf_token": token}
        assert client.post("/language", data=fields).headers["Location"] == "/", wanted


def test_own_paths_are_kept() -> None:
    assert local_path("/exams/a?code=E12&from=2") == "/exams/a?code=E12&from=2"
    assert local_path("/exams/%E4%B8%AD") == "/exams/%E4%B8%AD"


def test_errors_of_the_api_have_one_shape(office: Office) -> None:
    visitor = office.as_person("manager")
    marker = office.as_person("marker")
    answers = [
        office.client().get("/api/v1/session"),
        visitor.get("/api/v1/nothing"),
        visitor.send("PATCH", "/api/v1/session"),
        visitor.get("/api/v1/jobs/99999"),
        marker.send("POST", "/api/v1/exams/a/papers/math/deliveries", json={}),
        visitor.send("POST", "/api/v1/exams/a/papers/math/deliveries", data="{", content_type="application/json"),
        visitor.send("POST", "/api/v1/exams/a/papers/math/deliveries", json=[1]),
        visitor.send("POST", "/api/v1/exams/a/papers/math/deliveries", json={"paper_id": 2}),
        visitor.send("POST", "/api/v1/exams/a/papers/math/deliveries", data="x"),
        office.client().post("/api/v1/session", json={"username": 7, "password": None}),
        office.client().post("/api/v1/session", data="[" * 100_000, content_type="application/json"),
    ]
    assert [answer.status_code for answer in answers] == [401, 404, 405, 404, 403, 400, 400, 400, 415, 400, 400]
    for answer in answers:
        assert set(answer.json) == {"error"}
        assert set(answer.json["error"]) == {"code", "message", "remedy"}
        assert all(answer.json["error"].values())


def test_what_breaks_inside_stays_inside(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("web.pages.exams.exam_part", broken)
    answer = office.as_person("manager").get("/exams/a")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_bodies_have_a_limit(office: Office) -> None:
    visitor = office.as_person("manager")
    large = b"x" * (SMALL_BODY + 1)
    assert visitor.send("POST", "/exams/a/advance", data=large).status_code == 413
    assert visitor.send("POST", "/api/v1/exams/a/papers/math/deliveries", data=large).status_code in (413, 415)
    many = {f"field{number}": "x" for number in range(3000)}
    answer = visitor.send("POST", "/exams/a/roster", data=many, content_type="multipart/form-data")
    assert answer.status_code == 413


def test_health_needs_nobody_and_names_nobody(office: Office) -> None:
    client = office.client()
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").text == "ready\n"
    text = client.get("/metrics").text
    assert 'kaiyue_open_exceptions{code="E12"} 1' in text
    assert 'kaiyue_page_images{state="placed"} 1' in text
    assert "\nprocess_cpu_seconds_total " in text
    assert "考生" not in text
    assert "2026000" not in text


def test_a_database_that_is_gone_is_not_ready(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_self: object) -> None:
        raise OSError("disk away")

    monkeypatch.setattr("models.database.Database.read", away)
    assert office.client().get("/readyz").status_code == 503


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\扫描\\第1考场 001.jpg", "第1考场 001.jpg"),
        ("a\x00b\n.png", "a_b_.png"),
        ("..", "file"),
        ("", "file"),
        ("con.jpg", "_con.jpg"),
        ("x" * 400 + ".tif", "x" * 120 + ".tif"),
        ("字" * 200 + ".jpg", "字" * 65 + ".jpg"),
        (".htaccess", "htaccess"),
    ],
)
def test_names_of_uploads_stay_names(given: str, kept: str) -> None:
    assert plain_name(given) == kept


def test_an_upload_never_leaves_its_folder(office: Office) -> None:
    visitor = office.as_person("manager")
    before = sorted(office.kept.settings.data.rglob("*"))
    for name in ("../../evil.jpg", "/tmp/evil.jpg", "..\\evil.jpg", "扫描 001.jpg", "扫描 001.jpg"):
        answer = visitor.send(
            "POST", f"/api/v1/deliveries/{office.delivery}/files", data={"file": (io.BytesIO(b"x"), name)}
        )
        assert answer.status_code == 200
    folder = office.kept.settings.data / "uploads" / office.delivery / "批次"
    assert sorted(path.name for path in folder.iterdir()) == [
        "evil (2).jpg", "evil (3).jpg", "evil.jpg", "扫描 001 (2).jpg", "扫描 001.jpg",
    ]  # fmt: skip
    added = set(office.kept.settings.data.rglob("*")) - set(before)
    assert {path.parent for path in added if path.suffix == ".jpg"} == {folder}


def test_files_of_people_are_sent_as_files(office: Office) -> None:
    with office.kept.database.write() as session:
        session.execute(update(Candidate).values(name="=cmd|' /C calc'!A0"))
        session.execute(update(School).where(School.id == office.ids["school_1"]).values(name='东"\r\nX-Evil: 1'))
    answer = office.as_person("manager").get(f"/statistics/a/math/schools/{office.ids['school_1']}/candidates.csv")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "X-Evil" not in answer.headers
    assert "'=cmd" in answer.text
    assert ",=cmd" not in answer.text
