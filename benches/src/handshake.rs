//! WebSocket: a handshake accepted, from the bytes of a request to the bytes of a 101.

use std::hint::black_box;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use futures_util::FutureExt as _;
use futures_util::io::{AsyncRead, AsyncWrite};
use sha1::{Digest as _, Sha1};
use tungstenite::handshake::machine::TryParse as _;
use tungstenite::handshake::server::{self, Request};
use wirefeed::Step;
use wirefeed::h1::head;
use wirefeed::ws::handshake::ServerHandshake;

use crate::measure::{Row, Run};

/// What Chrome sends.
const REQUEST: &str = "GET /chat?room=1 HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/130.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: https://www.example.com\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const ITEMS: usize = 200;

pub(crate) fn rows(run: Run<'_>) {
    let row = Row {
        name: "handshake of Chrome accepted".into(),
        items: ITEMS,
        piece: REQUEST.len(),
        wire: REQUEST.repeat(ITEMS).into(),
        peer: "soketto",
        bound: 0.75,
    };
    let mut out = Vec::new();
    let mut ours = |wire: &[u8], piece: usize| {
        let (mut decoder, mut items) = (head::RequestDecoder::new(), 0);
        for mut input in wire.chunks(piece) {
            let Ok(Step::Item(request)) = decoder.decode(&mut input) else { break };
            let method = request.method();
            let Ok(handshake) = ServerHandshake::upgrade(method, &request) else { break };
            out.clear();
            handshake.accept(None, None, &()).unwrap().encode(&mut out).unwrap();
            items += usize::from(is_answer(&out));
            decoder.reset();
        }
        items
    };
    let mut memory = Memory::default();
    let mut buffer = BytesMut::new();
    let mut theirs = |wire: &[u8], piece: usize| {
        wire.chunks(piece).filter(|one| soketto_accepts(one, &mut memory, &mut buffer)).count()
    };
    run(vec![row.clone()], &mut ours, &mut theirs);
    let mut answer = Vec::new();
    let mut theirs = |wire: &[u8], piece: usize| {
        wire.chunks(piece).filter(|one| tungstenite_accepts(one, &mut answer)).count()
    };
    run(vec![Row { peer: "tungstenite", ..row.clone() }], &mut ours, &mut theirs);
    let mut theirs =
        |wire: &[u8], piece: usize| wire.chunks(piece).filter(|one| sockudo_accepts(one)).count();
    run(vec![Row { peer: "sockudo-ws", ..row.clone() }], &mut ours, &mut theirs);
    let mut answer = Vec::new();
    let mut theirs = |wire: &[u8], piece: usize| {
        wire.chunks(piece).filter(|one| bare_accepts(one, &mut answer)).count()
    };
    // It looks for the key alone.
    run(vec![Row { peer: "httparse, sha1, base64", bound: 1.5, ..row }], &mut ours, &mut theirs);
}

/// Whether this is a 101 that proves that the key was read, wherever in it that stands.
fn is_answer(bytes: &[u8]) -> bool {
    let bytes = black_box(bytes);
    // The value ends its line: one look at each line end finds it.
    let proves = |end: usize| bytes[..end].ends_with(ACCEPT);
    bytes.starts_with(b"HTTP/1.1 101 ") && memchr::memchr_iter(b'\r', bytes).any(proves)
}

/// A socket with a request to read, and what is written to it.
#[derive(Default)]
struct Memory {
    unread: Vec<u8>,
    written: Vec<u8>,
}

impl AsyncRead for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let len = self.unread.len().min(buffer.len());
        buffer[..len].copy_from_slice(&self.unread[..len]);
        self.unread.drain(..len);
        Poll::Ready(Ok(len))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Its server over a socket that is always ready, with a buffer that is used again.
fn soketto_accepts(request: &[u8], memory: &mut Memory, buffer: &mut BytesMut) -> bool {
    use soketto::handshake::server::{Response, Server};
    memory.unread.extend_from_slice(request);
    memory.written.clear();
    let mut server = Server::new(&mut *memory);
    server.set_buffer(std::mem::take(buffer));
    let accepting = async {
        let key = server.receive_request().await?.key();
        server.send_response(&Response::Accept { key, protocol: None }).await
    };
    let accepted = accepting.now_or_never().is_some_and(|result| result.is_ok());
    *buffer = server.take_buffer();
    drop(server);
    accepted && is_answer(&memory.written)
}

/// Its functions for those who do the reading and writing themselves.
fn tungstenite_accepts(request: &[u8], answer: &mut Vec<u8>) -> bool {
    answer.clear();
    let Ok(Some((_, request))) = Request::try_parse(request) else { return false };
    let Ok(response) = server::create_response(&request) else { return false };
    server::write_response(&mut *answer, &response).is_ok() && is_answer(answer)
}

/// Its functions for those who do the reading and writing themselves.
fn sockudo_accepts(request: &[u8]) -> bool {
    use sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
    let Ok(Some((request, _))) = parse_request(request) else { return false };
    is_answer(&build_response(&generate_accept_key(request.key), None, None))
}

/// The least that must be done: a head taken apart, a key found, digested and written.
fn bare_accepts(request: &[u8], answer: &mut Vec<u8>) -> bool {
    let mut headers = [const { MaybeUninit::uninit() }; 64];
    let mut parsed = httparse::Request::new(&mut []);
    let Ok(httparse::Status::Complete(_)) = parsed.parse_with_uninit_headers(request, &mut headers)
    else {
        return false;
    };
    let is_key =
        |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case("sec-websocket-key");
    let Some(key) = parsed.headers.iter().find(is_key) else { return false };
    let digest = Sha1::new()
        .chain_update(key.value)
        .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        .finalize();
    let mut accept = [0; 28];
    let Ok(28) = STANDARD.encode_slice(digest, &mut accept) else { return false };
    answer.clear();
    for part in [
        &b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
           Sec-WebSocket-Accept: "[..],
        &accept,
        b"\r\n\r\n",
    ] {
        answer.extend_from_slice(part);
    }
    is_answer(answer)
}
