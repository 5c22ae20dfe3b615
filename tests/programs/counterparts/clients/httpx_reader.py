"""httpx_reader.py URL: httpx-sse, which leaves it to its user to come back. A JSON line for each
event."""

import json
import sys
import time

import httpx
from httpx_sse import connect_sse

last_event_id = ""
retry = 0.5
with httpx.Client(trust_env=False, timeout=10) as client:
    while True:
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        try:
            with connect_sse(client, "GET", sys.argv[1], headers=headers) as source:
                for event in source.iter_sse():
                    last_event_id = event.id
                    if event.retry is not None:
                        retry = event.retry / 1000
                    print(json.dumps({"id": event.id, "data": event.data}), flush=True)
        except httpx.TransportError:
            pass  # the server is gone, or is not back yet
        time.sleep(retry)
