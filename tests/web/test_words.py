"""Words of the closed lists are said by name wherever a person reads them."""

from enum import StrEnum

import pytest

from marking.setup.states import AdvanceBlocked
from models.errors import Complaint, Complaints, Sentence
from models.words import ItemKind, Lang, NextMark, PaperState, ScoreSource
from web.i18n import error_texts, say, set_language
from web.words import NAMES, has_name


def test_an_error_says_a_state_by_its_name() -> None:
    blocked = Complaints([Complaint("", Sentence("the paper is already {state}.", {"state": PaperState.COMPOSED}))])
    error = AdvanceBlocked(what="数学", state=PaperState.FORMAL_MARKING, complaints=blocked)
    set_language(Lang.EN)
    assert error_texts(error)[0] == "数学 cannot become formal marking yet: the paper is already scores composed."
    set_language(Lang.ZH)
    assert error_texts(error)[0] == "“数学”还不能进入“正评”：该科目已处于“成绩已合成”。"


@pytest.mark.parametrize("words", [PaperState, ItemKind, ScoreSource, NextMark])
def test_every_word_of_a_list_that_people_see_has_a_name(words: type[StrEnum]) -> None:
    assert [word for word in words if not has_name(word)] == []


def test_no_word_has_two_names() -> None:
    assert len({(type(word).__name__, word.value) for word, _text in NAMES}) == len(NAMES)


def test_a_word_without_a_name_stays_as_files_write_it() -> None:
    assert say(Lang.ZH) == "zh"
