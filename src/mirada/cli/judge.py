"""`mirada judge`: people mark which pictures fit a query, and the marks become qrels."""

from __future__ import annotations

import getpass
import secrets
import socket
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mirada.cli.browser import opened
from mirada.cli.options import collection_here, home_option
from mirada.errors import ConfigError, MiradaError, ModelUnavailable
from mirada.judging.pool import DEPTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.collection import Collection
    from mirada.judging.pool import Pool
    from mirada.judging.session import Session
    from mirada.judging.topics import Topic

HOST: Final = "127.0.0.1"
SEED: Final = 0  # of the order of pools: the same for all judges, and after a restart
SIDE: Final = 1600  # pixels, the longer side of a picture on the page
FILES: Final = (".txt", ".tsv", ".jsonl")  # what ends so is meant as a file, there or not


@click.command(
    epilog="""\b
Examples:
  mirada judge queries.txt --judge ana
  mirada judge "a dog left of a man"
  mirada judge --export qrels.txt"""
)
@click.argument("queries", required=False)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    default=DEPTH,
    show_default=True,
    help="First results of each system that are judged.",
)
@click.option(
    "--run",
    "runs",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="A run of another system in TREC format, with sha256 as image ids. May be repeated.",
)
@click.option("--judge", "name", metavar="NAME", help="Who judges. [default: your user name]")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="[default: a free one]")
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
@click.option(
    "--export",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Instead, write all judgements as TREC qrels into this file and their queries beside it.",
)
@click.option("--json", "as_json", is_flag=True, help="With --export: one JSON document.")
@home_option
def judge(
    queries: str | None,
    depth: int,
    runs: tuple[Path, ...],
    name: str | None,
    port: int,
    no_open: bool,
    export: Path | None,
    as_json: bool,
    home: Path | None,
) -> None:
    """Mark on a page which pictures fit QUERIES: those of a file, or one query in quotes.

    The page is served to this machine alone. In a file each line is a query, or its id and the
    query with a tab between. The first results of several systems are put together, in an order
    that does not tell who found them. Every mark is kept at once beside the index, in a file for
    each judge: stop when you like, and the same command goes on where you were. Where judges
    differ, --export takes the median grade, of two the lower one.
    """
    from mirada.cli.judge_export import export_judgements  # noqa: PLC0415 each only when asked for
    from mirada.cli.judge_pools import draw_pools  # noqa: PLC0415
    from mirada.judging.log import checked_name  # noqa: PLC0415

    collection = collection_here(home)
    if export is not None:
        if queries is not None or runs:
            raise click.UsageError("--export writes what was judged: leave QUERIES and --run out")
        return export_judgements(collection, export, as_json=as_json)
    if queries is None:
        raise click.UsageError("give a file of queries, or one query in quotes")
    if not (find_spec("fastapi") and find_spec("uvicorn")):
        raise ModelUnavailable("the page needs the extra: pip install 'mirada[serve]'")
    name, topics = checked_name(getpass.getuser() if name is None else name), _topics(queries)
    pools = draw_pools(collection, topics, runs, depth=depth, seed=SEED)
    return _judge(collection, pools, name, port, open_page=not no_open)


def _topics(queries: str) -> list[Topic]:
    from mirada.judging.topics import read_topics, topic_of  # noqa: PLC0415

    path = Path(queries)
    with suppress(OSError):  # a long query is no name of a file
        if path.suffix in FILES or path.is_file():
            return read_topics(path)
    if not queries.strip():
        raise ConfigError("nothing to judge: give a file of queries, or one query in quotes")
    return [topic_of(queries)]


def _judge(
    collection: Collection, pools: Sequence[Pool], name: str, port: int, *, open_page: bool
) -> None:
    from mirada.judging.log import FOLDER, JudgementLog  # noqa: PLC0415
    from mirada.judging.session import Session  # noqa: PLC0415
    from mirada.show.pictures import jpeg_of  # noqa: PLC0415 brings decoders

    ids = sorted({image_id for pool in pools for image_id in pool.image_ids})
    if not ids:
        raise MiradaError("no system finds a picture for these queries: is the index empty?")
    try:
        records = dict(zip(ids, collection.store.get(ids), strict=True))
    except KeyError as error:
        raise MiradaError("another process has just changed the index: run this again") from error
    with JudgementLog(collection.home / FOLDER, name) as log:
        session = Session(pools, log, lambda one: jpeg_of(records[one], SIDE))
        _serve(session, port, open_page=open_page)
        judged = sum(len(sheet.grades) for sheet in session.sheets())
        total = sum(len(pool.image_ids) for pool in pools)
        click.echo(f"{judged:,} of {total:,} judged by {log.judge}, kept in {log.path}", err=True)


def _serve(session: Session, port: int, *, open_page: bool) -> None:
    """Until Ctrl-C."""
    import uvicorn  # noqa: PLC0415 of an extra

    from mirada.judging.server import make_app  # noqa: PLC0415

    secret = secrets.token_urlsafe(16)
    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise ConfigError(
            f"port {port} cannot be used ({error.strerror}): leave --port out"
        ) from error
    with listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}/{secret}/"
        click.echo(address)
        click.echo("judge on that page; Ctrl-C ends it, and nothing is lost", err=True)
        if open_page and not opened(address):
            click.echo("no browser could be opened here: open the address yourself", err=True)
        config = uvicorn.Config(
            make_app(session, secret),
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
