"""docs/commands.md holds every command of the product, each with the arguments that its parser has."""

import shlex
from argparse import Action

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandParser

from tests.docs.pages import page, sections, table

PAGE = page("commands.md")
SECTIONS = sections(PAGE)
OURS = sorted(name for name, app in get_commands().items() if app in ("annotations", "modelsvc", "raterapp"))
by_command = pytest.mark.parametrize("name", OURS)


def parser_of(name: str) -> CommandParser:
    return load_command_class(get_commands()[name], name).create_parser("manage.py", name)


def own_actions(name: str) -> list[Action]:
    """The command's arguments without those that every Django command has."""
    django = {action.dest for action in BaseCommand().create_parser("manage.py", name)._actions}
    return [action for action in parser_of(name)._actions if action.dest not in django]


def shown(action: Action) -> str:
    """The argument as ``--help`` names it."""
    return action.option_strings[-1] if action.option_strings else str(action.metavar or action.dest)


def test_every_command_has_a_section_and_every_section_a_command():
    assert sorted(SECTIONS) == OURS


@by_command
def test_every_argument_is_documented_with_its_default(name: str):
    rows = {row[0].strip("`"): row for row in table(SECTIONS[name], "argument")}
    actions = {shown(action): action for action in own_actions(name)}
    assert list(rows) == list(actions)
    usage = parser_of(name).format_help()
    for argument, action in actions.items():
        assert argument in usage
        _, default, meaning = rows[argument]
        assert meaning, argument
        is_required = action.required or (not action.option_strings and action.nargs != "?")
        assert (default == "required") == is_required, argument
        if not is_required and action.default not in (None, "", False):
            assert default == f"`{action.default}`", argument
        for choice in action.choices or ():
            assert f"`{choice}`" in meaning, f"{argument}: {choice}"


@by_command
def test_every_example_is_accepted_by_the_parser(name: str):
    examples = SECTIONS[name].split("```\n")[1].splitlines()
    assert examples
    for example in examples:
        words = shlex.split(example)
        assert words[:3] == ["python", "manage.py", name]
        parser_of(name).parse_args(words[3:])


@by_command
def test_help_says_what_the_command_does(name: str):
    assert load_command_class(get_commands()[name], name).help
