"""`--help` speaks the language of the command line, and its lines fit a terminal whatever letters they have."""

import click
import pytest

from models.words import Lang
from web.cli import kaiyue, main
from web.cli.help import columns, help_texts, wrapped
from web.i18n import _, set_language


def help_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, *command: str) -> str:
    monkeypatch.setenv("KAIYUE_LANG", language)
    with pytest.raises(SystemExit) as left:
        main([*command, "--help"])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_help_is_chinese_by_default_and_english_where_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chinese = help_of(capsys, monkeypatch, "zh", "scan", "add")
    assert "导入图像、TIFF、PDF、ZIP 或文件夹" in chinese
    assert "--operator NAME" in chinese
    assert "扫描员；默认为执行命令的人。" in chinese
    assert "Exit code" not in chinese
    assert "Show this message" not in chinese
    english = help_of(capsys, monkeypatch, "en", "scan", "add")
    assert "Who scanned; by default who runs the command." in english
    listed = help_of(capsys, monkeypatch, "zh")
    assert "导入考生名册。" in listed
    assert "..." not in listed.replace("[ARGS]...", "")  # no sentence is cut short


def test_every_help_text_has_its_chinese() -> None:
    set_language(Lang.ZH)
    texts = [text for text, _place in help_texts(kaiyue, click.Context(kaiyue))]
    assert len(texts) > 70
    assert [text for text in texts if _(text) == text] == []


def test_lines_are_wrapped_by_the_columns_that_letters_take() -> None:
    text = "识别页图：文件夹、JPEG、PNG 和 ZIP。退出码 4：有内容待人工处理。"
    for width in (20, 27, 40):
        lines = wrapped(text, width)
        assert all(columns(line) <= width + 2 for line in lines)
        assert not any(line.startswith(("，", "。", "、", "：")) for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrapped("one two three", 8) == ["one two", "three"]
