"""`kaiyue serve`: the web server, with the long errands running beside it."""

import click

from web.i18n import _


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on (KAIYUE_HOST); 0.0.0.0 for a school network.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (KAIYUE_PORT).")
@click.option("--threads", type=click.IntRange(1, 256), help="Request threads (KAIYUE_THREADS).")
def serve(host: str | None, port: int | None, threads: int | None) -> None:
    """Serve the pages until Ctrl+C or a stop signal."""
    from dataclasses import replace

    from web.addresses import web_addresses
    from web.server import Server
    from web.settings import load_settings
    from web.wiring import open_services

    settings = load_settings()
    settings = replace(
        settings,
        host=host or settings.host,
        port=port or settings.port,
        threads=threads or settings.threads,
    )
    server = Server(open_services(settings))
    if settings.is_internet:
        click.echo(_("Kaiyue serves the TLS proxy at {proxy}.", proxy=settings.trusted_proxy))
    else:
        click.echo(_("Kaiyue serves plain HTTP on an isolated network (profile lan, a recorded exception)."))
    for address in web_addresses(settings.host, server.port):
        click.echo(f"  {address}")
    click.echo(_("Stop it with Ctrl+C."))
    server.run()
    click.echo(_("Kaiyue has stopped."))
