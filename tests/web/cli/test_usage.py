"""What a person mistypes is refused on one line with a code, in both languages, and ends with 2."""

import pytest

from web.cli import main


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    said = capsys.readouterr()
    return int(str(left.value.code)), said.out, said.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nosuch"], "there is no command nosuch"),
        (["rules", "nosuch"], "there is no command nosuch"),
        (["--nosuch"], "there is no option --nosuch"),
        (["read", "x.png"], "--card is missing"),
        (["scan", "add", "g9"], "PAPER is missing"),
        (["doctor", "--candidates", "0"], "--candidates does not take this value; it takes >= 1"),
        (["read", "--card", "a", "--jobs", "65", "b"], "--jobs does not take this value; it takes 1-64"),
        (["rules", "settle", "--full", "x", "--mode", "single", "3"], "--full does not take this value: "),
        (
            ["rules", "settle", "--full", "9", "--mode", "2", "3"],
            "--mode does not take this value; it takes single, 1+1",
        ),
        (["read", "--card"], "Option '--card' requires an argument"),
    ],
)
def test_a_usage_error_is_one_line_with_a_code(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAIYUE_LANG", "en")
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error[usage]: ")
    assert err.count("\n") == 1
    assert says in err


def test_it_is_said_in_chinese_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAIYUE_LANG", "zh")
    assert call(capsys, "nosuch") == (
        2,
        "",
        "error[usage]: 无法按此要求执行：没有 nosuch 这个命令。 请加 --help 查看该命令的用法。\n",
    )


@pytest.mark.parametrize("group", [[], ["scan"], ["stats"]])
def test_a_group_without_a_command_shows_its_help_and_ends_with_2(
    group: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAIYUE_LANG", "en")
    code, out, err = call(capsys, *group)
    assert code == 2
    assert "Commands:" in out
    assert err == "error[usage]: This cannot be done as asked: a command is missing. Run the command with --help.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data", "{}", "scan", "status", "none"],
        ["scan", "--data", "{}", "status", "none"],
        ["scan", "status", "--data", "{}", "none"],
        ["scan", "status", "none", "--data", "{}"],
        ["stats", "--data", "{}", "none"],
    ],
)
def test_the_data_folder_may_be_named_anywhere(
    arguments: list[str],
    tmp_path: object,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAIYUE_LANG", "en")
    monkeypatch.setenv("KAIYUE_DATA", f"{tmp_path}/elsewhere")
    code, _out, err = call(capsys, *[argument.format(f"{tmp_path}/数据 data") for argument in arguments])
    assert (code, err) == (3, "error[not_found]: There is no exam named none. Check the name.\n")
