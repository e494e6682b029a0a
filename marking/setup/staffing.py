"""Staff: accounts and what each may do where, from one table, taken in wholly or not at all.

A person may stand in several rows (one per grant). New accounts get a random first password, which is
handed back once and kept only as a hash.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marking.setup.spreadsheet import SheetRow, read_sheet, row_of
from models.audit import record
from models.errors import Complaint, Complaints, InputRefused, Sentence, mark_text
from models.exam import ExamRecord, GroupRecord, PaperRecord
from models.people import Candidate, School
from models.staff import Grant, User
from models.words import AuditVerb, Role

HEADINGS = {
    "username": ("用户名", "账号", "登录名"),
    "name": ("姓名",),
    "school": ("学校", "单位"),
    "role": ("角色", "职务"),
    "paper": ("科目", "试卷"),
    "group": ("题组",),
}
REQUIRED = ("username", "name", "role")
ROLE_WORDS = {
    "系统管理员": Role.ADMIN,
    "管理员": Role.ADMIN,
    "考务主管": Role.EXAM_MANAGER,
    "考务": Role.EXAM_MANAGER,
    "扫描员": Role.SCANNER_OPERATOR,
    "评卷教师": Role.MARKER,
    "阅卷教师": Role.MARKER,
    "题组长": Role.LEADER,
    "学校": Role.SCHOOL,
    "学校考务": Role.SCHOOL,
    "校长": Role.SCHOOL,
    "学生": Role.STUDENT,
    "考生": Role.STUDENT,
}
_NEEDS_SCHOOL = (Role.SCHOOL,)


def _role_words() -> str:
    """The roles by both words that a table may use, such as `评卷教师/marker`."""
    first = {role: word for word, role in reversed(ROLE_WORDS.items())}
    return ", ".join(f"{first[role]}/{role.value}" for role in Role)


# without letters that people confuse when they copy a password from paper
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class StaffRefused(InputRefused):
    """The staff table has faults; nothing of it was taken in."""

    code = "staff.refused"
    sentence = mark_text("The staff table {name} has {count} fault(s), and nothing of it was taken in: {complaints}")
    remedy = mark_text("Correct the cells named and import it again.")


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One grant of one person; `paper` and `group` are empty where the grant covers all of them.

    `places` has the cell of each column.
    """

    username: str
    name: str
    school: str
    role: Role
    paper: str
    group: str
    places: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StaffTable:
    """A staff table as far as the table itself goes: the lines that could be read, and every fault found so far."""

    name: str
    lines: tuple[StaffLine, ...]
    complaints: Complaints


@dataclass(frozen=True, slots=True)
class Credential:
    """A new account's first password; shown once."""

    username: str
    name: str
    password: str


@dataclass(frozen=True, slots=True)
class StaffResult:
    """What an import did."""

    accounts: int
    grants: int
    unchanged: int
    credentials: tuple[Credential, ...]


def read_staff(data: bytes, name: str) -> StaffTable:
    """Check a staff table as far as the table itself goes; `import_staff` refuses it. Raises SheetRefused."""
    sheet = read_sheet(data, name, HEADINGS, REQUIRED)
    complaints = list(sheet.complaints)
    lines = [line for row in sheet.rows if (line := _line(row, complaints)) is not None]
    names: dict[str, str] = {}
    for line in lines:
        if names.setdefault(line.username, line.name) != line.name:
            complaints.append(
                Complaint(
                    line.places["username"],
                    Sentence(
                        mark_text("{username} stands for {first} in another row."),
                        {"username": line.username, "first": names[line.username]},
                    ),
                )
            )
    if not sheet.rows:
        complaints.append(Complaint("", Sentence(mark_text("there is nobody below the headings."))))
    return StaffTable(name, tuple(lines), Complaints(complaints))


def _line(row: SheetRow, complaints: list[Complaint]) -> StaffLine | None:
    def complain(column: str, template: str, **values: object) -> None:
        complaints.append(Complaint(row.cells[column].place, Sentence(template, values)))

    username = row.text("username")
    if not username:
        complain("username", mark_text("the username is missing."))
    elif len(username) > 100 or any(letter.isspace() or letter in "/\\\"'<>" for letter in username):
        complain("username", mark_text("the username {name} has a space or another sign that it cannot have."),
                 name=username)  # fmt: skip
    if not row.text("name"):
        complain("name", mark_text("the name is missing."))
    word = row.text("role")
    role = ROLE_WORDS.get(word)
    if role is None and word.lower() in list(Role):
        role = Role(word.lower())
    if role is None:
        complain("role", mark_text("{word} is no role; use one of {roles}."), word=word, roles=_role_words())
        return None
    if role in _NEEDS_SCHOOL and not row.text("school"):
        complain("school", mark_text("a school account needs its school."))
    return StaffLine(
        username, row.text("name"), row.text("school"), role, row.text("paper"), row.text("group"),
        {column: cell.place for column, cell in row.cells.items()},
    )  # fmt: skip


def import_staff(
    session: Session,
    exam: ExamRecord,
    table: StaffTable,
    *,
    actor: str = "",
) -> StaffResult:
    """Add the accounts and grants that are not there yet.

    New accounts have no password hash and cannot log in until `keep_hashes` has run: hashing fifty passwords
    takes seconds, too long for a transaction.
    Raises StaffRefused with every fault of the table, and with the papers, groups and candidates that the exam does
    not have and the usernames that belong to somebody else.
    """
    lines = table.lines
    usernames = {line.username for line in lines}
    users = {user.username: user for user in session.scalars(select(User).where(User.username.in_(usernames)))}
    grants, complaints = _resolve(session, exam, lines)
    complaints = [*table.complaints, *complaints, *_taken(lines, users)]
    if complaints:
        complaints.sort(key=lambda one: row_of(one.place))
        raise StaffRefused(name=table.name, count=len(complaints), complaints=Complaints(complaints))
    fresh = [line for line in {line.username: line for line in reversed(lines)}.values() if line.username not in users]
    fresh.reverse()
    passwords = [first_password() for _ in fresh]
    schools = {school.name: school.id for school in session.scalars(select(School))}
    for line in fresh:
        user = User(username=line.username, name=line.name, school_id=schools.get(line.school))
        session.add(user)
        users[line.username] = user
    session.flush()
    columns = ("role", "exam_id", "paper_id", "group_id", "school_id", "candidate_id")
    held = {
        (grant.user_id, *(getattr(grant, column) for column in columns))
        for grant in session.scalars(select(Grant).where(Grant.user_id.in_([user.id for user in users.values()])))
    }
    added = 0
    for line, scope in zip(lines, grants, strict=True):
        wanted = (users[line.username].id, *(scope[column] for column in columns))
        if wanted not in held:
            session.add(Grant(user_id=users[line.username].id, **scope))
            held.add(wanted)
            added += 1
    record(session, AuditVerb.STAFF_IMPORTED, f"exam:{exam.key}", actor=actor, accounts=len(fresh), grants=added)
    credentials = tuple(
        Credential(line.username, line.name, password) for line, password in zip(fresh, passwords, strict=True)
    )
    return StaffResult(len(fresh), added, len(lines) - added, credentials)


def _taken(lines: Sequence[StaffLine], users: Mapping[str, User]) -> list[Complaint]:
    """Usernames that are already another person's: a right given to them would be given to that person.

    A candidate number can return in another exam, where it is somebody else's.
    """
    return [
        Complaint(
            line.places["username"],
            Sentence(
                mark_text("{username} is already the account of {first}."),
                {"username": line.username, "first": users[line.username].name},
            ),
        )
        for line in lines
        if line.username in users and line.name and users[line.username].name != line.name
    ]


def first_password() -> str:
    """Twelve random letters and digits, without those that are mistaken for others on paper."""
    return "".join(secrets.choice(_LETTERS) for _ in range(12))


def keep_hashes(session: Session, credentials: Sequence[Credential], hashes: Sequence[str]) -> None:
    """Give new accounts the hashes of their first passwords, in the same order."""
    for credential, hashed in zip(credentials, hashes, strict=True):
        session.execute(
            update(User)
            .where(User.username == credential.username, User.password_hash == "")
            .values(password_hash=hashed)
        )


def _resolve(
    session: Session, exam: ExamRecord, lines: Sequence[StaffLine]
) -> tuple[list[dict[str, object]], list[Complaint]]:
    """The scope of each line's grant as row ids, and what the exam does not have."""
    papers = {
        paper.key: paper.id for paper in session.scalars(select(PaperRecord).where(PaperRecord.exam_id == exam.id))
    }
    papers |= {
        paper.title: paper.id
        for paper in session.scalars(select(PaperRecord).where(PaperRecord.exam_id == exam.id))
        if paper.title not in papers
    }
    groups: dict[tuple[int, str], int] = {}
    for group in session.scalars(select(GroupRecord).where(GroupRecord.paper_id.in_(papers.values()))):
        groups[group.paper_id, group.key] = group.id
        groups.setdefault((group.paper_id, group.title), group.id)
    schools = {school.name: school for school in session.scalars(select(School))}
    candidates = dict(session.execute(select(Candidate.number, Candidate.id).where(Candidate.exam_id == exam.id)).all())
    scopes: list[dict[str, object]] = []
    complaints: list[Complaint] = []
    for line in lines:

        def complain(column: str, template: str, line: StaffLine = line, **values: object) -> None:
            complaints.append(Complaint(line.places[column], Sentence(template, values)))

        scope: dict[str, object] = {
            "role": line.role, "exam_id": exam.id, "paper_id": None, "group_id": None, "school_id": None,
            "candidate_id": None,
        }  # fmt: skip
        if line.role is Role.ADMIN:
            scope["exam_id"] = None
        if line.paper:
            scope["paper_id"] = papers.get(line.paper)
            if scope["paper_id"] is None:
                complain("paper", mark_text("the exam has no paper {paper}."), paper=line.paper)
        if line.group and (scope["paper_id"] is not None or not line.paper):
            scope["group_id"] = _group_id(line, papers, groups)
            if scope["group_id"] is None:
                complain("group", mark_text("there is no marking group {group} in paper {paper}."),
                         group=line.group, paper=line.paper)  # fmt: skip
        if line.school and line.school not in schools:
            # teachers may come from a school that sends no candidates
            schools[line.school] = School(name=line.school)
            session.add(schools[line.school])
            session.flush()
        if line.role is Role.SCHOOL and line.school:
            scope["school_id"] = schools[line.school].id
        if line.role is Role.STUDENT and line.username:
            scope["candidate_id"] = candidates.get(line.username)
            if scope["candidate_id"] is None:
                complain(
                    "username",
                    mark_text("a student's username is the candidate number; {number} is not on the roster."),
                    number=line.username,
                )
        scopes.append(scope)
    return scopes, complaints


def _group_id(line: StaffLine, papers: dict[str, int], groups: dict[tuple[int, str], int]) -> int | None:
    if line.paper:
        return groups.get((papers.get(line.paper, 0), line.group))
    found = [group_id for (_, key), group_id in groups.items() if key == line.group]
    return found[0] if len(set(found)) == 1 else None
