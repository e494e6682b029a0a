"""The Chinese words that are printed on a card. They are content of the card, not interface: never translated."""

from collections.abc import Sequence

from models.paper import Item
from models.points import show_points
from models.words import ChoosePolicy, ItemKind, NumberEntry

STAY_INSIDE = "请在各题目的答题区域内作答，超出黑色矩形边框限定区域的答案无效"
KEEP_EMPTY = "请勿在此区域内作答"
NUMBER_TITLE = "考  生  号"
BARCODE_PLACE = "贴条形码区（正面朝上，切勿贴出虚线方框）"
ABSENT = "缺考标记"
ABSENT_HINT = "考生禁填！由监考员填涂"
VARIANT = "试卷类型"
NOTICES = "注意事项"
RIGHT_FILL = "正确填涂"
WRONG_FILL = "错误填涂"
OBJECTIVE = "选择题（请用2B铅笔填涂）"
SUBJECTIVE = "非选择题（请用0.5毫米黑色字迹签字笔书写）"
NO_QUESTIONS = "本面无试题"
CHOSEN = "我所选择的题号是"
IDENTITY_LABELS = {
    "name": "姓　　名",
    "school": "学　　校",
    "class": "班　　级",
    "seat": "考场座位",
}
PRINTED_NUMBER = "考生号"
KIND_HEADINGS = {ItemKind.SINGLE: "单选", ItemKind.MULTIPLE: "多选", ItemKind.JUDGE: "判断（T正确 F错误）"}


def notices(number: NumberEntry, has_objective: bool) -> list[str]:
    """The numbered notices of the header, as far as they concern this card."""
    texts = ["答题前，考生先将自己的姓名、学校、班级等填写清楚" + _number_notice(number)]
    if has_objective or number.has_bubbles:
        texts.append("填涂部分必须使用2B铅笔填满方框；修改时用橡皮擦干净，不留痕迹。")
    texts.append("书写部分必须使用0.5毫米黑色字迹签字笔，字体工整，笔迹清楚。")
    texts.append("在各题的答题区域内作答，超出边框的答案无效；在草稿纸、试题卷上答题无效。")
    texts.append("保持卡面清洁，不要折叠、弄破、弄皱，不准使用涂改液、修正带、刮纸刀。")
    return [f"{place}．{text}" for place, text in enumerate(texts, start=1)]


def _number_notice(number: NumberEntry) -> str:
    return {
        NumberEntry.BUBBLES: "，并填写、填涂考生号。",
        NumberEntry.BARCODE: "，并认真核对条形码上的信息。",
        NumberEntry.BUBBLES_BARCODE: "，填涂考生号，并核对条形码上的信息。",
        NumberEntry.PREPRINTED: "，并核对印好的考生号和条形码。",
    }[number]


def side_line(page: int, pages: int) -> str:
    """Which side this is."""
    return f"第{page}面（共{pages}面）"


def card_title(paper_title: str) -> str:
    """The large line at the top of the front."""
    return f"{paper_title}答题卡"


def item_heading(item: Item, continued: bool = False) -> str:
    """The line at the top of an answer box: ``16．（6分）``."""
    if continued:
        return f"{item.no}．（续）"
    essay = "作文" if item.kind is ItemKind.ESSAY else ""
    return f"{item.no}．{essay}（{show_points(item.points)}分）"


def part_label(no: str, points: str) -> str:
    """The label of a part inside its box."""
    return f"{no}（{points}分）"


def choose_notice(nos: Sequence[str], take: int, policy: ChoosePolicy) -> str:
    """How to answer a choose-group, with the rule that applies when more is answered (domain.md 4.5)."""
    first = f"前{take}题" if take > 1 else "第一题"
    rule = {
        ChoosePolicy.FIRST_IN_PAPER_ORDER: f"如果多做，则按所做的{first}计分",
        ChoosePolicy.MARKED_ONLY: "只评填涂了题号的题",
        ChoosePolicy.BEST_OF: "如果多做，则按得分高的计分",
        ChoosePolicy.ZERO_IF_MULTI: "多做不得分",
        ChoosePolicy.MANUAL: "请勿多做",
    }[policy]
    return f"选做题：请从{'、'.join(nos)}题中任选{take}题作答，并用2B铅笔将所选题目的题号涂黑；{rule}。"


def shared_objective_heading(kinds: set[ItemKind]) -> str:
    """The title over the bubbles; only judge items alone are called otherwise."""
    return OBJECTIVE if kinds != {ItemKind.JUDGE} else "判断题（请用2B铅笔填涂，T正确 F错误）"
