import pytest

from complexity_atlas.__main__ import main

COMMANDS = (
    *("measure", "compare", "measure-models", "prefetch", "plan", "archive", "unpack", "verify"),
    *("scores", "scores explain", "scores refresh", "scores export"),
)


def help_of(command: str, capsys) -> str:
    with pytest.raises(SystemExit) as stopped:
        main([*command.split(), "--help"])
    assert stopped.value.code == 0
    return capsys.readouterr().out


def test_help_lists_every_command(capsys):
    listed = help_of("", capsys)
    assert all(f"    {command}" in listed for command in COMMANDS if " " not in command)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help(command, capsys):
    assert f"usage: complexity_atlas {command} " in help_of(command, capsys)
