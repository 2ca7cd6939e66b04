"""python-socketio on uvicorn (uvloop, httptools), with the events of the `bench` profile."""

import asyncio
import socket

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi")


@server.event
async def echo(sid, *args):
    return args


@server.event
async def broadcast(sid, value):
    await server.emit("broadcast", value)


@server.event
async def join(sid, room):
    await server.enter_room(sid, room)
    return ()


@server.event
async def room(sid, name, value):
    await server.emit("room", value, room=name)


async def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    # The load does not implement compression, and no other server negotiates it by default.
    config = uvicorn.Config(
        socketio.ASGIApp(server),
        log_level="error",
        access_log=False,
        ws_per_message_deflate=False,
    )
    print(f"listening on {listener.getsockname()[1]}", flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


asyncio.run(main())
