"""nginx, with what a test adds to one configuration."""

from contextlib import asynccontextmanager

from tap import HOST, free_port, listening, running

CONFIG = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events {{ worker_connections 64; }}
http {{
    types {{ text/html html; text/plain txt; }}
    access_log off;
    client_body_temp_path {folder}/t1;
    proxy_temp_path {folder}/t2;
    fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4;
    scgi_temp_path {folder}/t5;
    gzip on;
    gzip_buffers 4 4k;  # a body of several chunks
    gzip_types text/plain;
    {http}
    server {{
        listen {host}:{port};
        root {folder}/www;
        {server}
    }}
}}
"""


@asynccontextmanager
async def nginx(folder, files, *, http="", server=""):
    """Serves the files, by name, from the folder `www` below `folder`; yields the port.

    In `http` and `server`, FOLDER stands for `folder`.
    """
    www = folder / "www"
    www.mkdir()
    for name, content in files.items():
        (www / name).write_bytes(content)
    folder.chmod(0o755)  # started by root, nginx reads as another user
    port = free_port()
    http, server = (text.replace("FOLDER", str(folder)) for text in (http, server))
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, host=HOST, port=port, http=http, server=server))
    async with running("nginx", "-e", "stderr", "-p", folder, "-c", config):
        await listening(port)
        yield port
