//! WebSocket: what the peers do with masked messages that come in pieces.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;
use fastwebsockets::FragmentCollector;
use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio_util::codec::Decoder as _;
use websocket_codec::MessageCodec;

/// The messages that a server finds in a stream.
pub(crate) type Pass = fn(&[u8], usize) -> usize;

/// A peer's name, its way, and whether it checks texts and joins fragments.
pub(crate) const PEERS: [(&str, Pass, bool); 8] = [
    ("websocket-codec", websocket_codec, true),
    ("tungstenite", tungstenite, true),
    ("tokio-websockets", tokio_websockets, true),
    ("fastwebsockets", fastwebsockets, true),
    ("sockudo-ws", sockudo_ws, true),
    ("yawc", yawc, true),
    ("soketto", soketto, true),
    ("web-socket", web_socket, false),
];

const LIMIT: usize = 64 << 20;

fn websocket_codec(wire: &[u8], piece: usize) -> usize {
    let (mut codec, mut buffer, mut items) =
        (MessageCodec::server(), BytesMut::with_capacity(2 * piece), 0);
    for piece in wire.chunks(piece) {
        buffer.extend_from_slice(piece);
        while let Some(message) = codec.decode(&mut buffer).unwrap() {
            black_box(&message);
            items += 1;
        }
    }
    items
}

fn tungstenite(wire: &[u8], piece: usize) -> usize {
    use tungstenite::protocol::{Role, WebSocket};
    let mut socket = WebSocket::from_raw_socket(Source::new(wire, piece), Role::Server, None);
    let mut items = 0;
    while let Ok(message) = socket.read() {
        black_box(&message);
        items += 1;
    }
    items
}

fn tokio_websockets(wire: &[u8], piece: usize) -> usize {
    let limits = tokio_websockets::Limits::default().max_payload_len(Some(LIMIT));
    let mut socket =
        tokio_websockets::ServerBuilder::new().limits(limits).serve(Source::new(wire, piece));
    let mut items = 0;
    while let Some(Ok(message)) = ready(socket.next()) {
        black_box(&message);
        items += 1;
    }
    items
}

fn fastwebsockets(wire: &[u8], piece: usize) -> usize {
    use fastwebsockets::{Role, WebSocket};
    let mut socket = WebSocket::after_handshake(Source::new(wire, piece), Role::Server);
    socket.set_max_message_size(LIMIT);
    let (mut socket, mut items) = (FragmentCollector::new(socket), 0);
    while let Ok(frame) = ready(socket.read_frame()) {
        black_box(&frame);
        items += 1;
    }
    items
}

fn sockudo_ws(wire: &[u8], piece: usize) -> usize {
    use sockudo_ws::protocol::{Protocol, Role};
    let mut protocol = Protocol::new(Role::Server, LIMIT, LIMIT);
    let (mut buffer, mut messages) = (BytesMut::with_capacity(2 * piece), Vec::new());
    let mut items = 0;
    for piece in wire.chunks(piece) {
        buffer.extend_from_slice(piece);
        protocol.process_into(&mut buffer, &mut messages).unwrap();
        for message in messages.drain(..) {
            black_box(&message);
            items += 1;
        }
    }
    items
}

fn yawc(wire: &[u8], piece: usize) -> usize {
    use yawc::{Options, Role, WebSocket};
    let options = Options::default().with_utf8().with_limits(LIMIT, 2 * LIMIT);
    let source = Source::new(wire, piece);
    let mut socket =
        WebSocket::from_stream_with_extensions(source, Role::Server, None, options).unwrap();
    let mut items = 0;
    while let Ok(frame) = ready(socket.next_frame()) {
        black_box(&frame);
        items += 1;
    }
    items
}

fn soketto(wire: &[u8], piece: usize) -> usize {
    use soketto::connection::{Builder, Mode};
    let (_, mut receiver) = Builder::new(Source::new(wire, piece), Mode::Server).finish();
    let (mut message, mut items) = (Vec::new(), 0);
    while ready(receiver.receive_data(&mut message)).is_ok() {
        black_box(&message);
        message.clear();
        items += 1;
    }
    items
}

/// It takes bytes off its stream a few at a time, and so is given a buffer. Texts are not checked,
/// and fragments are handed out one by one.
fn web_socket(wire: &[u8], piece: usize) -> usize {
    let source = BufReader::with_capacity(piece, Source::new(wire, piece));
    let mut socket = web_socket::WebSocket::server(source);
    let mut items = 0;
    while let Ok(event @ web_socket::Event::Data { .. }) = ready(socket.recv_event()) {
        black_box(&event);
        items += 1;
    }
    items
}

/// A stream in memory, which hands out a piece at most and takes whatever is written.
pub(crate) struct Source<'w> {
    left: &'w [u8],
    piece: usize,
    left_of_piece: usize,
}

impl<'w> Source<'w> {
    pub(crate) fn new(wire: &'w [u8], piece: usize) -> Self {
        Self { left: wire, piece, left_of_piece: piece }
    }

    fn next(&mut self, most: usize) -> &'w [u8] {
        let len = most.min(self.left_of_piece).min(self.left.len());
        self.left_of_piece -= len;
        if self.left_of_piece == 0 {
            self.left_of_piece = self.piece;
        }
        self.left.split_off(..len).unwrap()
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next(buffer.len());
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }
}

impl Write for Source<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Source<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(self.next(buffer.remaining()));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Source<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl futures_util::io::AsyncRead for Source<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.read(buffer))
    }
}

impl futures_util::io::AsyncWrite for Source<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What comes of a future that never has to wait, though it may want to be asked again.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
