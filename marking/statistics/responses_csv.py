"""Read the table that `export responses` writes: which options each candidate filled."""

from marking.statistics.compute import Responses
from marking.statistics.csv_table import TableRefused, complaint, read_table
from models.errors import Complaint, mark_text
from models.paper import Paper
from models.words import ReadingStatus


def read_responses(data: bytes, paper: Paper) -> Responses:
    """The letters that candidates filled, by item, from a table of responses (`export responses`).

    Rows of other papers and of written items are passed over. A doubtful value is None. Raises
    TableUnreadable and TableRefused.
    """
    columns, rows = read_table(data)
    missing = [name for name in ("candidate", "item", "value") if name not in columns]
    if missing:
        raise TableRefused([complaint(1, name, mark_text("is missing.")) for name in missing])
    objective = {item.no: item for item in paper.objective_items}
    others = {item.no for item in paper.subjective_items}
    complaints: list[Complaint] = []
    found: dict[str, dict[str, str | None]] = {no: {} for no in objective}
    for row in rows:
        candidate, no = row.cells.get("candidate", ""), row.cells.get("item", "").removeprefix("item:")
        if row.cells.get("paper", "") not in ("", paper.id) or no in others or "(" in no or no.startswith("choose:"):
            continue
        value = row.cells.get("value", "").upper()
        item = objective.get(no)
        if not candidate:
            complaints.append(complaint(row.line, "candidate", mark_text("is empty.")))
        elif item is None:
            complaints.append(complaint(row.line, "item", mark_text("{value} is no item of the paper."), value=no))
        elif any(letter not in item.labels for letter in value):
            complaints.append(
                complaint(
                    row.line,
                    "value",
                    mark_text("{value} has letters other than {labels}."),
                    value=value,
                    labels=" ".join(item.labels),
                )
            )
        elif candidate in found[no]:
            complaints.append(
                complaint(
                    row.line, "candidate", mark_text("item {no} of {value} is there twice."), no=no, value=candidate
                )
            )
        else:
            doubtful = row.cells.get("status", "") == ReadingStatus.DOUBTFUL.value
            found[no][candidate] = None if doubtful else "".join(sorted(set(value), key=item.labels.index))
    if complaints:
        raise TableRefused(complaints)
    return found
