"""`kaiyue staff`: accounts and what each may do."""

import os
from pathlib import Path

import click

from web.i18n import _


@click.group()
def staff() -> None:
    """Import the staff of an exam; give a new password."""


@staff.command("import")
@click.argument("exam")
@click.argument("file")
@click.option("--credentials", metavar="OUT.csv", help="Write the first passwords of new accounts to this file.")
@click.option("--dry-run", is_flag=True, help="Check everything and change nothing.")
def import_(exam: str, file: str, credentials: str | None, dry_run: bool) -> None:
    """Take a staff table (.xlsx or .csv) into an exam: username,name,school,role,paper,group."""
    from web.cli.shared import private_file

    if credentials is None or dry_run:
        _import(exam, file, None, dry_run)
        return
    # Opened first: passwords that could not be written down afterwards would be lost.
    with private_file(Path(credentials), "--credentials") as descriptor:
        _import(exam, file, (credentials, descriptor), dry_run)


@staff.command("password")
@click.argument("username")
def password(username: str) -> None:
    """Give an account a new random password, print it once, and end the account's sessions."""
    from web.access.accounts import find_account, give_new_password
    from web.cli.shared import services, whoami

    opened = services()
    with opened.database.read() as session:
        user_id = find_account(session, username).id
    click.echo(give_new_password(opened.database, user_id, actor=whoami()))


def _import(exam: str, file: str, private: tuple[str, int] | None, dry_run: bool) -> None:
    """Import; new passwords go to the file of the descriptor, or to stdout."""
    from marking.setup.staffing import import_staff, keep_hashes, read_staff
    from marking.setup.structure import find_exam
    from models.table import as_csv
    from web.access.passwords import hash_passwords
    from web.cli.shared import read_input, services, whoami

    data = read_input(file)
    table = read_staff(data, Path(file).name)
    opened = services()
    with (opened.database.read if dry_run else opened.database.write)() as session:
        result = import_staff(session, find_exam(session, exam), table, actor=whoami())
    if result.credentials and not dry_run:
        hashes = hash_passwords([each.password for each in result.credentials])
        with opened.database.write() as session:
            keep_hashes(session, result.credentials, hashes)
    if dry_run:
        click.echo(_("Nothing was changed. The import would do this:"))
    click.echo(
        _(
            "{accounts} accounts and {grants} rights added, {unchanged} rights were there already.",
            accounts=result.accounts,
            grants=result.grants,
            unchanged=result.unchanged,
        )
    )
    if dry_run or not result.credentials:
        return
    passwords = as_csv(
        ("username", "name", "password"),
        [(each.username, each.name, each.password) for each in result.credentials],
    )
    if private is None:
        click.echo(passwords.lstrip("\ufeff"), nl=False)
        return
    name, descriptor = private
    os.ftruncate(descriptor, 0)
    with open(descriptor, "w", encoding="utf-8", newline="", closefd=False) as out:
        out.write(passwords)
    click.echo(_("The first passwords are in {file}; hand them out and delete it.", file=name))
