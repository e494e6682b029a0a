"""Every record in one place, so that whoever needs the whole schema has imported all of it."""

from models.audit import AuditEvent
from models.card import Card
from models.columns import Base
from models.exam import AnswerKey, ExamRecord, GroupRecord, ItemRecord, PaperRecord
from models.job import Job
from models.people import Candidate, PaperEntry, School, SchoolClass
from models.quality import GroupMember, QualitySample, RuleSignature, SampleCheck, Script
from models.response import Response
from models.score import ItemScore, PaperScore, Statistic, StatisticsRun, TotalScore
from models.sheet import (
    Batch,
    CropRecord,
    PageImage,
    PagePreview,
    PageReadingRecord,
    Placement,
    ScanFile,
    Sheet,
    SheetException,
)
from models.staff import Grant, LoginAttempt, LoginSession, User
from models.task import GroupScore, ImageView, LeaseEnd, Mark, MarkingTask, TaskImage

APPEND_ONLY = (AuditEvent, Mark, ImageView, LeaseEnd, PageReadingRecord, AnswerKey, RuleSignature)

__all__ = [
    "APPEND_ONLY",
    "AnswerKey",
    "AuditEvent",
    "Base",
    "Batch",
    "Candidate",
    "Card",
    "CropRecord",
    "ExamRecord",
    "Grant",
    "GroupMember",
    "GroupRecord",
    "GroupScore",
    "ImageView",
    "ItemRecord",
    "ItemScore",
    "Job",
    "LeaseEnd",
    "LoginAttempt",
    "LoginSession",
    "Mark",
    "MarkingTask",
    "PageImage",
    "PagePreview",
    "PageReadingRecord",
    "PaperEntry",
    "PaperRecord",
    "PaperScore",
    "Placement",
    "QualitySample",
    "Response",
    "RuleSignature",
    "SampleCheck",
    "ScanFile",
    "School",
    "SchoolClass",
    "Script",
    "Sheet",
    "SheetException",
    "Statistic",
    "StatisticsRun",
    "TaskImage",
    "TotalScore",
    "User",
]
