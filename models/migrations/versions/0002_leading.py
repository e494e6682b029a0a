"""Marking plans and their people, chosen scripts, samples, signed rule sheets; what a task may be besides live."""

import secrets

import sqlalchemy as sa
from alembic import op

from models.alter import add_column
from models.append_only import protect, unprotect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ONLY_GROWING = ("rule_signature",)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LIVE = "kind = 'live' AND state NOT IN ('withdrawn', 'voided')"
_SEEN = "kind IN ('live', 'seed') AND state <> 'withdrawn' AND marker_id IS NOT NULL"
_LIVE_BEFORE = "kind = 'live' AND state <> 'withdrawn'"
_BOARD = ["state", "role", "marker_id", "points"]
_WAITING = "state = 'open' AND reserved_for IS NULL"
_RESERVED = "state = 'open' AND reserved_for IS NOT NULL"
_REPEAT = "kind = 'repeat'"


def upgrade() -> None:
    """Apply the step."""
    _tables()
    _group_columns()
    _task_columns()
    protect(ONLY_GROWING)


def _id(name: str, table: str, refers_to: str, *, nullable: bool = False) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column(name, _ID, nullable=nullable),
        sa.ForeignKeyConstraint([name], [f"{refers_to}.id"], name=op.f(f"fk_{table}_{name}")),
    ]


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _tables() -> None:
    op.create_table(
        "group_member",
        sa.Column("id", _ID, nullable=False),
        *_id("group_id", "group_member", "marking_group"),
        *_id("user_id", "group_member", "user_account"),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("dealt", sa.Integer(), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        _moment("changed_at"),
        sa.CheckConstraint("quota IS NULL OR quota >= 0", name=op.f("ck_group_member_quota_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_member")),
        sa.UniqueConstraint("group_id", "user_id", name=op.f("uq_group_member_group_id_user_id")),
    )
    op.create_table(
        "script",
        sa.Column("id", _ID, nullable=False),
        *_id("group_id", "script", "marking_group"),
        *_id("entry_id", "script", "paper_entry"),
        sa.Column("use", sa.String(length=40), nullable=False),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        *_id("chosen_by", "script", "user_account", nullable=True),
        _moment("chosen_at"),
        _moment("retired_at", nullable=True),
        sa.CheckConstraint(
            "use NOT IN ('practice', 'qualification', 'seed') OR points IS NOT NULL", name=op.f("ck_script_reference")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script")),
    )
    in_use = sa.text("retired_at IS NULL")
    op.create_index(
        "uq_script_in_use", "script", ["group_id", "entry_id", "use"], unique=True, sqlite_where=in_use,
        postgresql_where=in_use,
    )  # fmt: skip
    op.create_table(
        "quality_sample",
        sa.Column("id", _ID, nullable=False),
        *_id("group_id", "quality_sample", "marking_group"),
        sa.Column("rule", sa.JSON(), nullable=False),
        *_id("drawn_by", "quality_sample", "user_account"),
        _moment("drawn_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_sample")),
    )
    op.create_index(op.f("ix_quality_sample_group_id"), "quality_sample", ["group_id"])
    op.create_table(
        "sample_check",
        sa.Column("id", _ID, nullable=False),
        *_id("sample_id", "sample_check", "quality_sample"),
        *_id("entry_id", "sample_check", "paper_entry"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(length=40), nullable=False),
        *_id("checked_by", "sample_check", "user_account", nullable=True),
        _moment("checked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_check")),
        sa.UniqueConstraint("sample_id", "entry_id", name=op.f("uq_sample_check_sample_id_entry_id")),
    )
    op.create_table(
        "rule_signature",
        sa.Column("id", _ID, nullable=False),
        *_id("paper_id", "rule_signature", "paper"),
        *_id("user_id", "rule_signature", "user_account", nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False, comment="the signer, as shown on the sheet"),
        sa.Column(
            "group_ids", sa.JSON(), nullable=False, comment="ids of the marking groups that the signer answers for"
        ),
        sa.Column("sha", sa.String(length=64), nullable=False),
        sa.Column("sheet", sa.JSON(), nullable=False),
        _moment("signed_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_signature")),
    )
    op.create_index(op.f("ix_rule_signature_paper_id"), "rule_signature", ["paper_id"])


def _group_columns() -> None:
    whole = {"double_percent": 0, "qualify_percent": 80, "seed_every": 20, "repeat_every": 0, "pause_after_seeds": 0}
    for name, value in whole.items():
        add_column("marking_group", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text(str(value))))
    for name in ("trial_open", "qualification"):
        add_column("marking_group", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, comment, empty in (
        ("waived_schools", "ids of schools whose markers may mark their own", "[]"),
        ("school_quotas", "tasks that the markers of a school share, by its id", "{}"),
    ):
        add_column(
            "marking_group",
            sa.Column(name, sa.JSON(), nullable=False, server_default=sa.text(f"'{empty}'"), comment=comment),
        )
    add_column("marking_group", sa.Column("quality_tolerance", sa.Integer(), nullable=True))
    add_column("marking_group", sa.Column("salt", sa.String(length=32), nullable=False, server_default=sa.text("''")))
    group = sa.table("marking_group", sa.column("id", sa.Integer), sa.column("salt", sa.String))
    connection = op.get_bind()
    for row in connection.execute(sa.select(group.c.id)).all():
        connection.execute(sa.update(group).where(group.c.id == row.id).values(salt=secrets.token_hex(16)))


def _task_columns() -> None:
    add_column("marking_task", sa.Column("reserved_for", _ID, nullable=True), refers_to="user_account")
    add_column("marking_task", sa.Column("doubled", sa.Boolean(), nullable=False, server_default=sa.false()))
    add_column("marking_task", sa.Column("decides", sa.String(length=40), nullable=True))
    add_column("marking_task", sa.Column("stage", sa.String(length=40), nullable=True))
    add_column("marking_task", sa.Column("script_id", _ID, nullable=True), refers_to="script")
    add_column("marking_task", sa.Column("source_id", _ID, nullable=True), refers_to="marking_task")
    _live_indexes(_LIVE, _SEEN)
    op.drop_index("ix_marking_task_open", "marking_task")
    op.drop_index("ix_marking_task_board", "marking_task")
    op.create_index("ix_marking_task_board", "marking_task", ["group_id", "kind", *_BOARD])
    op.create_index("ix_marking_task_entry", "marking_task", ["entry_id", "group_id"])
    for name, columns, unique, where in (
        ("ix_marking_task_open", ["group_id", "priority"], False, _WAITING),
        ("ix_marking_task_reserved", ["reserved_for", "group_id", "priority"], False, _RESERVED),
        ("uq_marking_task_repeat", ["source_id"], True, _REPEAT),
    ):
        rule = sa.text(where)
        op.create_index(name, "marking_task", columns, unique=unique, sqlite_where=rule, postgresql_where=rule)


def _live_indexes(live: str, seen: str) -> None:
    for name, last, where in (
        ("uq_marking_task_live_round", "round", live),
        ("uq_marking_task_live_marker", "marker_id", seen),
    ):
        op.drop_index(name, "marking_task")
        rule = sa.text(where)
        op.create_index(
            name, "marking_task", ["entry_id", "group_id", last], unique=True, sqlite_where=rule, postgresql_where=rule
        )


def downgrade() -> None:
    """Take the step back."""
    unprotect(ONLY_GROWING)
    op.drop_index("uq_marking_task_repeat", "marking_task")
    op.drop_index("ix_marking_task_reserved", "marking_task")
    op.drop_index("ix_marking_task_entry", "marking_task")
    op.drop_index("ix_marking_task_board", "marking_task")
    op.create_index("ix_marking_task_board", "marking_task", ["group_id", *_BOARD])
    op.drop_index("ix_marking_task_open", "marking_task")
    waiting = sa.text("state = 'open'")
    op.create_index(
        "ix_marking_task_open", "marking_task", ["group_id", "priority"], sqlite_where=waiting, postgresql_where=waiting
    )
    _live_indexes(_LIVE_BEFORE, _LIVE_BEFORE + " AND marker_id IS NOT NULL")
    with op.batch_alter_table("marking_task") as table:
        for name in ("source_id", "script_id", "reserved_for"):
            table.drop_column(name)
        for name in ("stage", "decides", "doubled"):
            table.drop_column(name)
    with op.batch_alter_table("marking_group") as table:
        for name in (
            "salt", "quality_tolerance", "school_quotas", "waived_schools", "qualification", "trial_open",
            "pause_after_seeds", "repeat_every", "seed_every", "qualify_percent", "double_percent",
        ):  # fmt: skip
            table.drop_column(name)
    for name in ("rule_signature", "sample_check", "quality_sample", "script", "group_member"):
        op.drop_table(name)
