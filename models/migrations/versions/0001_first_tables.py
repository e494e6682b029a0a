"""The first tables, and which of them only grow."""

import sqlalchemy as sa
from alembic import op

from models.append_only import protect, unprotect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ONLY_GROWING = ("answer_key", "audit_event", "image_view", "lease_end", "mark", "page_reading")


def upgrade() -> None:
    """Apply the step."""
    op.create_table(
        "exam",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("number_digits", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exam")),
        sa.UniqueConstraint("key", name=op.f("uq_exam_key")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(length=2000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("key", name=op.f("uq_job_key")),
    )
    op.create_table(
        "login_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("username", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempt")),
    )
    with op.batch_alter_table("login_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_attempt_address_at"), ["address", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_login_attempt_username_at"), ["username", "at"], unique=False)

    op.create_table(
        "school",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("centre", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school")),
        sa.UniqueConstraint("name", name=op.f("uq_school_name")),
    )
    op.create_table(
        "paper",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("full_mark", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.CheckConstraint("full_mark > 0", name=op.f("ck_paper_full_mark_positive")),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_paper_exam_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
        sa.UniqueConstraint("exam_id", "key", name=op.f("uq_paper_exam_id_key")),
    )
    op.create_table(
        "school_class",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("school_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_school_class_exam_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_school_class_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_class")),
        sa.UniqueConstraint("exam_id", "school_id", "name", name=op.f("uq_school_class_exam_id_school_id_name")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("username", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=False),
        sa.Column("school_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_user_account_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("username", name=op.f("uq_user_account_username")),
    )
    op.create_table(
        "answer_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_account.id"], name=op.f("fk_answer_key_created_by")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_answer_key_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_key")),
        sa.UniqueConstraint("paper_id", "version", name=op.f("uq_answer_key_paper_id_version")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor", sa.String(length=100), nullable=False, comment="login name, or who ran the command"),
        sa.Column("verb", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user_account.id"], name=op.f("fk_audit_event_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_event_verb_at"), ["verb", "at"], unique=False)

    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("operator", sa.String(length=100), nullable=False),
        sa.Column("operator_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("duplex", sa.Boolean(), nullable=False, comment="sides follow each other as 1, 2, 1, 2 …"),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["user_account.id"], name=op.f("fk_batch_operator_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_batch_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
    )
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_paper_id"), ["paper_id"], unique=False)

    op.create_table(
        "candidate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("student_number", sa.String(length=40), nullable=False),
        sa.Column("school_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("class_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("room", sa.String(length=40), nullable=False),
        sa.Column("seat", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["class_id"], ["school_class.id"], name=op.f("fk_candidate_class_id")),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_candidate_exam_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_candidate_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate")),
        sa.UniqueConstraint("exam_id", "number", name=op.f("uq_candidate_exam_id_number")),
    )
    with op.batch_alter_table("candidate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_candidate_class_id"), ["class_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_candidate_school_id"), ["school_id"], unique=False)

    op.create_table(
        "card",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="names the design; the same as in card.json"),
        sa.Column("sides", sa.Integer(), nullable=False),
        sa.Column("card_blob", sa.String(length=64), nullable=False, comment="SHA-256 of the stored bytes"),
        sa.Column("pdf_blob", sa.String(length=64), nullable=True, comment="SHA-256 of the stored bytes"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_card_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("paper_id", "version", name=op.f("uq_card_paper_id_version")),
    )
    op.create_table(
        "item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("no", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("choose_group", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_item_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("paper_id", "no", name=op.f("uq_item_paper_id_no")),
    )
    op.create_table(
        "login_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_sha", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_login_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_sha", name=op.f("uq_login_session_token_sha")),
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "marking_group",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=40), nullable=False),
        sa.Column("tolerance", sa.Integer(), nullable=False),
        sa.Column("boundary", sa.String(length=40), nullable=False),
        sa.Column("compare", sa.String(length=40), nullable=False),
        sa.Column("full_mark", sa.Integer(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("own_school_excluded", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_marking_group_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marking_group")),
        sa.UniqueConstraint("paper_id", "key", name=op.f("uq_marking_group_paper_id_key")),
    )
    op.create_table(
        "statistics_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("input_sha", sa.String(length=64), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_statistics_run_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statistics_run")),
    )
    with op.batch_alter_table("statistics_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_statistics_run_paper_id"), ["paper_id"], unique=False)

    op.create_table(
        "access_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("school_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("class_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("candidate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidate.id"], name=op.f("fk_access_grant_candidate_id")),
        sa.ForeignKeyConstraint(["class_id"], ["school_class.id"], name=op.f("fk_access_grant_class_id")),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_access_grant_exam_id")),
        sa.ForeignKeyConstraint(["group_id"], ["marking_group.id"], name=op.f("fk_access_grant_group_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_access_grant_paper_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_access_grant_school_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_access_grant_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
    )
    with op.batch_alter_table("access_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_grant_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_grant_user_id"), ["user_id"], unique=False)

    op.create_table(
        "paper_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("candidate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=True),
        sa.Column("status_source", sa.String(length=10), nullable=False),
        sa.Column("status_reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidate.id"], name=op.f("fk_paper_entry_candidate_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_paper_entry_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_entry")),
        sa.UniqueConstraint("paper_id", "candidate_id", name=op.f("uq_paper_entry_paper_id_candidate_id")),
    )
    with op.batch_alter_table("paper_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_paper_entry_candidate_id"), ["candidate_id"], unique=False)

    op.create_table(
        "scan_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="natural order within the batch, from 0"),
        sa.Column("name", sa.String(length=1000), nullable=False, comment="as given; never used as a path"),
        sa.Column("blob", sa.String(length=64), nullable=False, comment="SHA-256 of the stored bytes"),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_scan_file_batch_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_scan_file_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_file")),
        sa.UniqueConstraint("paper_id", "blob", name=op.f("uq_scan_file_paper_id_blob")),
    )
    with op.batch_alter_table("scan_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scan_file_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "statistic",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=300), nullable=False, comment="item no, school name, or school/class"),
        sa.Column("indicator", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["statistics_run.id"], name=op.f("fk_statistic_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statistic")),
        sa.UniqueConstraint(
            "run_id", "level", "unit", "indicator", name=op.f("uq_statistic_run_id_level_unit_indicator")
        ),
    )
    op.create_table(
        "total_score",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("candidate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("total", sa.String(length=100), nullable=False, comment="id of the total in the exam file"),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidate.id"], name=op.f("fk_total_score_candidate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_total_score")),
        sa.UniqueConstraint("candidate_id", "total", name=op.f("uq_total_score_candidate_id_total")),
    )
    op.create_table(
        "group_score",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("parts_disagree", sa.Boolean(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["paper_entry.id"], name=op.f("fk_group_score_entry_id")),
        sa.ForeignKeyConstraint(["group_id"], ["marking_group.id"], name=op.f("fk_group_score_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_score")),
        sa.UniqueConstraint("entry_id", "group_id", name=op.f("uq_group_score_entry_id_group_id")),
    )
    op.create_table(
        "item_score",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part", sa.String(length=40), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column(
            "key_version", sa.Integer(), nullable=True, comment="answer key that an objective score was computed with"
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["paper_entry.id"], name=op.f("fk_item_score_entry_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_score_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_score")),
        sa.UniqueConstraint("entry_id", "item_id", "part", name=op.f("uq_item_score_entry_id_item_id_part")),
    )
    with op.batch_alter_table("item_score", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_item_score_item_id"), ["item_id"], unique=False)

    op.create_table(
        "marking_task",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("school_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False, comment="who may claim it: marker | leader"),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("marker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("blank", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.String(length=40), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("raised_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("part_ids", sa.JSON(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'leased' OR (marker_id IS NOT NULL AND lease_until IS NOT NULL)",
            name=op.f("ck_marking_task_lease_owned"),
        ),
        sa.CheckConstraint("round >= 1", name=op.f("ck_marking_task_round_from_one")),
        sa.ForeignKeyConstraint(["entry_id"], ["paper_entry.id"], name=op.f("fk_marking_task_entry_id")),
        sa.ForeignKeyConstraint(["group_id"], ["marking_group.id"], name=op.f("fk_marking_task_group_id")),
        sa.ForeignKeyConstraint(["marker_id"], ["user_account.id"], name=op.f("fk_marking_task_marker_id")),
        sa.ForeignKeyConstraint(["raised_by"], ["user_account.id"], name=op.f("fk_marking_task_raised_by")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_marking_task_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marking_task")),
        sa.UniqueConstraint("code", name=op.f("uq_marking_task_code")),
    )
    with op.batch_alter_table("marking_task", schema=None) as batch_op:
        batch_op.create_index(
            "ix_marking_task_board", ["group_id", "state", "role", "marker_id", "points"], unique=False
        )
        batch_op.create_index(
            "ix_marking_task_lease",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'leased'"),
            postgresql_where=sa.text("state = 'leased'"),
        )
        batch_op.create_index(
            "ix_marking_task_leased",
            ["group_id", "marker_id", "lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'leased'"),
            postgresql_where=sa.text("state = 'leased'"),
        )
        batch_op.create_index("ix_marking_task_marker", ["marker_id", "group_id", "state", "done_at"], unique=False)
        batch_op.create_index(
            "ix_marking_task_open",
            ["group_id", "priority"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.create_index(
            "uq_marking_task_live_marker",
            ["entry_id", "group_id", "marker_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'live' AND state <> 'withdrawn' AND marker_id IS NOT NULL"),
            postgresql_where=sa.text("kind = 'live' AND state <> 'withdrawn' AND marker_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_marking_task_live_round",
            ["entry_id", "group_id", "round"],
            unique=True,
            sqlite_where=sa.text("kind = 'live' AND state <> 'withdrawn'"),
            postgresql_where=sa.text("kind = 'live' AND state <> 'withdrawn'"),
        )

    op.create_table(
        "page_image",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1-based page number inside its file"),
        sa.Column("blob", sa.String(length=64), nullable=False, comment="SHA-256 of the stored bytes"),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("detail", sa.String(length=1000), nullable=False),
        sa.Column("card_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("side", sa.Integer(), nullable=True),
        sa.Column("residual_mm", sa.Double(), nullable=True),
        sa.Column("number_read", sa.String(length=40), nullable=False),
        sa.Column("number_status", sa.String(length=10), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("claimed_by", sa.String(length=10), nullable=False, comment="number | neighbour | person"),
        sa.Column("follows_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("discard_reason", sa.String(length=500), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_page_image_batch_id")),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_page_image_card_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["paper_entry.id"], name=op.f("fk_page_image_entry_id")),
        sa.ForeignKeyConstraint(["file_id"], ["scan_file.id"], name=op.f("fk_page_image_file_id")),
        sa.ForeignKeyConstraint(["follows_id"], ["page_image.id"], name=op.f("fk_page_image_follows_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_page_image_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_image")),
        sa.UniqueConstraint("paper_id", "blob", name=op.f("uq_page_image_paper_id_blob")),
    )
    with op.batch_alter_table("page_image", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_page_image_batch_id_state"), ["batch_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_page_image_entry_id"), ["entry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_page_image_file_id"), ["file_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_page_image_follows_id"), ["follows_id"], unique=False)

    op.create_table(
        "paper_score",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("objective", sa.Integer(), nullable=True),
        sa.Column("subjective", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["paper_entry.id"], name=op.f("fk_paper_score_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_score")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_paper_score_entry_id")),
    )
    op.create_table(
        "sheet",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False, comment="every side of the card is placed"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_sheet_batch_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["paper_entry.id"], name=op.f("fk_sheet_entry_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_sheet_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet")),
    )
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.create_index(
            "uq_sheet_active_entry",
            ["entry_id"],
            unique=True,
            sqlite_where=sa.text("active = 1"),
            postgresql_where=sa.text("active"),
        )

    op.create_table(
        "crop",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page_image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False, comment="SHA-256 of the stored bytes"),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("ink", sa.Double(), nullable=False, comment="share of the region that carries writing"),
        sa.Column("overflow_mm2", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["page_image_id"], ["page_image.id"], name=op.f("fk_crop_page_image_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crop")),
        sa.UniqueConstraint("page_image_id", "region", "part", name=op.f("uq_crop_page_image_id_region_part")),
    )
    op.create_table(
        "lease_end",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("marker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False, comment="expired | released | withdrawn"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["marker_id"], ["user_account.id"], name=op.f("fk_lease_end_marker_id")),
        sa.ForeignKeyConstraint(["task_id"], ["marking_task.id"], name=op.f("fk_lease_end_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lease_end")),
    )
    with op.batch_alter_table("lease_end", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lease_end_task_id_marker_id"), ["task_id", "marker_id"], unique=False)

    op.create_table(
        "mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("marker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("image", sa.String(length=64), nullable=False, comment="key of the image on screen"),
        sa.Column("dwell_ms", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("request_sha", sa.String(length=64), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points >= 0", name=op.f("ck_mark_points_not_negative")),
        sa.ForeignKeyConstraint(["marker_id"], ["user_account.id"], name=op.f("fk_mark_marker_id")),
        sa.ForeignKeyConstraint(["task_id"], ["marking_task.id"], name=op.f("fk_mark_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
        sa.UniqueConstraint("key", name=op.f("uq_mark_key")),
        sa.UniqueConstraint("task_id", "revision", name=op.f("uq_mark_task_id_revision")),
    )
    with op.batch_alter_table("mark", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mark_marker_id_marked_at"), ["marker_id", "marked_at"], unique=False)

    op.create_table(
        "page_preview",
        sa.Column("page_image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=True, comment="SHA-256 of the stored bytes"),
        sa.ForeignKeyConstraint(["page_image_id"], ["page_image.id"], name=op.f("fk_page_preview_page_image_id")),
        sa.PrimaryKeyConstraint("page_image_id", name=op.f("pk_page_preview")),
    )
    op.create_table(
        "page_reading",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page_image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("card_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reader", sa.String(length=40), nullable=False, comment="version of the reader"),
        sa.Column("reading", sa.JSON(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_page_reading_card_id")),
        sa.ForeignKeyConstraint(["page_image_id"], ["page_image.id"], name=op.f("fk_page_reading_page_image_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_reading")),
    )
    with op.batch_alter_table("page_reading", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_page_reading_page_image_id"), ["page_image_id"], unique=False)

    op.create_table(
        "placement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sheet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("side", sa.Integer(), nullable=False),
        sa.Column("page_image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(length=40), nullable=False, comment="number | neighbour | person"),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["page_image_id"], ["page_image.id"], name=op.f("fk_placement_page_image_id")),
        sa.ForeignKeyConstraint(["placed_by"], ["user_account.id"], name=op.f("fk_placement_placed_by")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_placement_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placement")),
    )
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.create_index(
            "uq_placement_active_page",
            ["page_image_id"],
            unique=True,
            sqlite_where=sa.text("active = 1"),
            postgresql_where=sa.text("active"),
        )
        batch_op.create_index(
            "uq_placement_active_side",
            ["sheet_id", "side"],
            unique=True,
            sqlite_where=sa.text("active = 1"),
            postgresql_where=sa.text("active"),
        )

    op.create_table(
        "response",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page_image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("blank", sa.Boolean(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["confirmed_by"], ["user_account.id"], name=op.f("fk_response_confirmed_by")),
        sa.ForeignKeyConstraint(["entry_id"], ["paper_entry.id"], name=op.f("fk_response_entry_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_response_item_id")),
        sa.ForeignKeyConstraint(["page_image_id"], ["page_image.id"], name=op.f("fk_response_page_image_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response")),
        sa.UniqueConstraint("entry_id", "item_id", name=op.f("uq_response_entry_id_item_id")),
    )
    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_response_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_response_page_image_id"), ["page_image_id"], unique=False)

    op.create_table(
        "sheet_exception",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("page_image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "subject",
            sa.String(length=200),
            nullable=False,
            comment="what it is about: page:7, page:7/item:3, entry:12",
        ),
        sa.Column("field", sa.String(length=100), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("page_code", sa.String(length=40), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("resolution", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_sheet_exception_batch_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["paper_entry.id"], name=op.f("fk_sheet_exception_entry_id")),
        sa.ForeignKeyConstraint(["page_image_id"], ["page_image.id"], name=op.f("fk_sheet_exception_page_image_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_sheet_exception_paper_id")),
        sa.ForeignKeyConstraint(["resolved_by"], ["user_account.id"], name=op.f("fk_sheet_exception_resolved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_exception")),
    )
    with op.batch_alter_table("sheet_exception", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sheet_exception_page_image_id"), ["page_image_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_sheet_exception_paper_id_state_code"), ["paper_id", "state", "code"], unique=False
        )
        batch_op.create_index(
            "uq_sheet_exception_open_subject",
            ["subject", "code"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "image_view",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("crop_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("page_image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["crop_id"], ["crop.id"], name=op.f("fk_image_view_crop_id")),
        sa.ForeignKeyConstraint(["page_image_id"], ["page_image.id"], name=op.f("fk_image_view_page_image_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_image_view_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image_view")),
    )
    with op.batch_alter_table("image_view", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_image_view_crop_id"), ["crop_id"], unique=False)

    op.create_table(
        "task_image",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("crop_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["crop_id"], ["crop.id"], name=op.f("fk_task_image_crop_id")),
        sa.ForeignKeyConstraint(["task_id"], ["marking_task.id"], name=op.f("fk_task_image_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_image")),
        sa.UniqueConstraint("key", name=op.f("uq_task_image_key")),
        sa.UniqueConstraint("task_id", "position", name=op.f("uq_task_image_task_id_position")),
    )

    protect(ONLY_GROWING)


def downgrade() -> None:
    """Take the step back."""
    unprotect(ONLY_GROWING)
    op.drop_table("task_image")
    with op.batch_alter_table("image_view", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_image_view_crop_id"))

    op.drop_table("image_view")
    with op.batch_alter_table("sheet_exception", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sheet_exception_open_subject",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index(batch_op.f("ix_sheet_exception_paper_id_state_code"))
        batch_op.drop_index(batch_op.f("ix_sheet_exception_page_image_id"))

    op.drop_table("sheet_exception")
    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_response_page_image_id"))
        batch_op.drop_index(batch_op.f("ix_response_item_id"))

    op.drop_table("response")
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_placement_active_side", sqlite_where=sa.text("active = 1"), postgresql_where=sa.text("active")
        )
        batch_op.drop_index(
            "uq_placement_active_page", sqlite_where=sa.text("active = 1"), postgresql_where=sa.text("active")
        )

    op.drop_table("placement")
    with op.batch_alter_table("page_reading", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_page_reading_page_image_id"))

    op.drop_table("page_reading")
    op.drop_table("page_preview")
    with op.batch_alter_table("mark", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mark_marker_id_marked_at"))

    op.drop_table("mark")
    with op.batch_alter_table("lease_end", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lease_end_task_id_marker_id"))

    op.drop_table("lease_end")
    op.drop_table("crop")
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sheet_active_entry", sqlite_where=sa.text("active = 1"), postgresql_where=sa.text("active")
        )

    op.drop_table("sheet")
    op.drop_table("paper_score")
    with op.batch_alter_table("page_image", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_page_image_follows_id"))
        batch_op.drop_index(batch_op.f("ix_page_image_file_id"))
        batch_op.drop_index(batch_op.f("ix_page_image_entry_id"))
        batch_op.drop_index(batch_op.f("ix_page_image_batch_id_state"))

    op.drop_table("page_image")
    with op.batch_alter_table("marking_task", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_marking_task_live_round",
            sqlite_where=sa.text("kind = 'live' AND state <> 'withdrawn'"),
            postgresql_where=sa.text("kind = 'live' AND state <> 'withdrawn'"),
        )
        batch_op.drop_index(
            "uq_marking_task_live_marker",
            sqlite_where=sa.text("kind = 'live' AND state <> 'withdrawn' AND marker_id IS NOT NULL"),
            postgresql_where=sa.text("kind = 'live' AND state <> 'withdrawn' AND marker_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_marking_task_open", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index("ix_marking_task_marker")
        batch_op.drop_index(
            "ix_marking_task_leased",
            sqlite_where=sa.text("state = 'leased'"),
            postgresql_where=sa.text("state = 'leased'"),
        )
        batch_op.drop_index(
            "ix_marking_task_lease",
            sqlite_where=sa.text("state = 'leased'"),
            postgresql_where=sa.text("state = 'leased'"),
        )
        batch_op.drop_index("ix_marking_task_board")

    op.drop_table("marking_task")
    with op.batch_alter_table("item_score", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_item_score_item_id"))

    op.drop_table("item_score")
    op.drop_table("group_score")
    op.drop_table("total_score")
    op.drop_table("statistic")
    with op.batch_alter_table("scan_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scan_file_batch_id"))

    op.drop_table("scan_file")
    with op.batch_alter_table("paper_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_paper_entry_candidate_id"))

    op.drop_table("paper_entry")
    with op.batch_alter_table("access_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_grant_user_id"))
        batch_op.drop_index(batch_op.f("ix_access_grant_group_id"))

    op.drop_table("access_grant")
    with op.batch_alter_table("statistics_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_statistics_run_paper_id"))

    op.drop_table("statistics_run")
    op.drop_table("marking_group")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_session_user_id"))

    op.drop_table("login_session")
    op.drop_table("item")
    op.drop_table("card")
    with op.batch_alter_table("candidate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_candidate_school_id"))
        batch_op.drop_index(batch_op.f("ix_candidate_class_id"))

    op.drop_table("candidate")
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batch_paper_id"))

    op.drop_table("batch")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_event_verb_at"))

    op.drop_table("audit_event")
    op.drop_table("answer_key")
    op.drop_table("user_account")
    op.drop_table("school_class")
    op.drop_table("paper")
    op.drop_table("school")
    with op.batch_alter_table("login_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_attempt_username_at"))
        batch_op.drop_index(batch_op.f("ix_login_attempt_address_at"))

    op.drop_table("login_attempt")
    op.drop_table("job")
    op.drop_table("exam")
