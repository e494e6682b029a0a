"""The rule sheet of a paper (评分口径): how marks settle and scores are made, printed and signed before marking.

In:  the stored plan of every marking group and the rules of the exam file. Out: one document whose SHA-256 names it.
A change of any rule gives another sheet, and signatures under the old one no longer count.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marking.setup.exam_json import exam_from_json
from marking.tasks.groups import MarkingGroup, find_groups
from models.audit import record
from models.exam import ExamRecord, PaperRecord
from models.paper import Paper, Rules
from models.points import show_points
from models.quality import RuleSignature
from models.words import AuditVerb, MarkingMode


@dataclass(frozen=True, slots=True)
class RuleSheet:
    """The sheet of one paper; `document` is plain JSON, `sha` its name."""

    paper_id: int
    document: dict[str, Any]
    sha: str
    groups: tuple[MarkingGroup, ...]
    signatures: tuple[RuleSignature, ...]

    @property
    def current(self) -> tuple[RuleSignature, ...]:
        """The signatures under the sheet as it stands."""
        return tuple(each for each in self.signatures if each.sha == self.sha)

    @property
    def unsigned(self) -> tuple[MarkingGroup, ...]:
        """Groups whose marks several people settle and that nobody has signed for."""
        signed = {group_id for each in self.current for group_id in each.group_ids}
        return tuple(group for group in self.groups if needs_signature(group) and group.id not in signed)


def needs_signature(group: MarkingGroup) -> bool:
    """Whether the marks of several people settle in the group: then a tolerance must be agreed on beforehand."""
    return group.mode is not MarkingMode.SINGLE or group.double_percent > 0


def rule_sheet(session: Session, paper_id: int) -> RuleSheet:
    """The sheet of a paper as its plan stands now, with all signatures, the newest last."""
    paper = session.get_one(PaperRecord, paper_id)
    exam = session.get_one(ExamRecord, paper.exam_id)
    groups = tuple(find_groups(session, paper_id=paper_id))
    defined = _defined(exam, paper.key)
    document = {
        "kaiyue": "rule-sheet/1",
        "exam": exam.key,
        "paper": paper.key,
        "full_mark": show_points(paper.full_mark),
        "rules": _rules(defined.rules if defined else Rules()),
        "choose": _choose(defined) if defined else [],
        "groups": [_group(group) for group in groups],
    }
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    signatures = session.scalars(
        select(RuleSignature).where(RuleSignature.paper_id == paper_id).order_by(RuleSignature.id)
    )
    return RuleSheet(paper_id, document, hashlib.sha256(text.encode()).hexdigest(), groups, tuple(signatures))


def _defined(exam: ExamRecord, key: str) -> Paper | None:
    if not exam.definition:
        return None
    return next((paper for paper in exam_from_json(exam.definition).papers if paper.id == key), None)


def _rules(rules: Rules) -> dict[str, Any]:
    return {
        "round": {"at": rules.round.at, "to": show_points(rules.round.to)},
        "excellent": str(rules.excellent),
        "good": str(rules.good),
        "pass": str(rules.pass_),
        "low": str(rules.low),
        "denominator": rules.denominator.value,
        "rank": rules.rank,
        "group": str(rules.group),
        "void": dict(rules.void),
        "floors": {no: show_points(floor) for no, floor in rules.floors},
    }


def _choose(paper: Paper) -> list[dict[str, Any]]:
    found = []
    for name in paper.choose_groups:
        members = paper.choose_members(name)
        choose = members[0].choose
        if choose is not None:
            items = [item.no for item in members]
            found.append({"group": name, "items": items, "take": choose.take, "policy": choose.policy.value})
    return found


def _group(group: MarkingGroup) -> dict[str, Any]:
    return {
        "id": group.key,
        "title": group.title,
        "full_mark": show_points(group.full_mark),
        "parts": [
            {"id": part.id, "points": show_points(part.points), "step": show_points(part.step)} for part in group.parts
        ],
        "mode": group.mode.value,
        "tolerance": show_points(group.tolerance),
        "boundary": group.boundary.value,
        "compare": group.compare.value,
        "double_percent": group.double_percent,
    }


def sign(
    session: Session,
    sheet: RuleSheet,
    group_ids: Sequence[int],
    *,
    name: str,
    user_id: int | None = None,
    actor: str = "",
) -> RuleSignature:
    """Sign a sheet for some of its groups, in somebody's name. Signing the same sheet again adds nothing.

    `actor` is who writes a signature down that `name` has given on paper; by default the signer.
    """
    for each in sheet.current:
        if (each.user_id, each.name) == (user_id, name) and set(group_ids) <= set(each.group_ids):
            return each
    signature = RuleSignature(
        paper_id=sheet.paper_id, user_id=user_id, name=name, group_ids=sorted(group_ids), sha=sheet.sha,
        sheet=sheet.document,
    )  # fmt: skip
    session.add(signature)
    session.flush()
    record(
        session, AuditVerb.RULES_SIGNED, f"paper:{sheet.paper_id}", actor_id=user_id, actor=actor or name, signer=name,
        sha=sheet.sha, groups=sorted(group_ids),
    )  # fmt: skip
    return signature
