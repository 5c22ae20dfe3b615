//! The servers that the README lists, over a socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::program::example;

/// A running server, which is killed when it goes out of scope.
struct Server(Child);

impl Server {
    /// Starts an example on a free port and connects to it.
    fn start(name: &str) -> (Self, TcpStream) {
        let mut command = example(name);
        let mut child = command.arg("127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap();
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        (Self(child), socket)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes these pieces, and reads what is to come back for each.
fn talk(socket: &mut TcpStream, turns: &[(&[u8], &[u8])]) {
    for (request, response) in turns {
        socket.write_all(request).unwrap();
        let mut read = vec![0; response.len()];
        socket.read_exact(&mut read).unwrap();
        assert_eq!(String::from_utf8_lossy(&read), String::from_utf8_lossy(response));
    }
}

#[test]
fn the_http_server_answers_one_request_after_the_other() {
    let (_server, mut socket) = Server::start("http_server");
    let pipelined = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: x\r\n\r\n";
    let (first, second) = pipelined.split_at(50);
    let responses = b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nPOST /a, 5 bytes\n\
        HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\nGET /b, 0 bytes\n";
    talk(&mut socket, &[(first, b""), (second, responses)]);
    talk(&mut socket, &[(b"nonsense\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n")]);
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).unwrap();
}

#[test]
fn the_echo_server_returns_what_follows_the_handshake() {
    let (_server, mut socket) = Server::start("ws_echo_server");
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    // A message that comes with the request (RFC 6455 5.7: "Hello", masked), a ping, a close frame.
    let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    let mut head = Vec::new();
    socket.write_all(&[&request[..], hello].concat()).unwrap();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    talk(
        &mut socket,
        &[
            (b"", b"\x81\x05Hello"),
            (b"\x89\x80\0\0\0\0", b"\x8a\x00"),
            (b"\x88\x82\0\0\0\0\x03\xe8", b"\x88\x02\x03\xe8"),
        ],
    );
    assert_eq!(socket.read(&mut [0]).unwrap(), 0);
}

#[test]
fn the_echo_server_refuses_what_is_not_a_handshake() {
    let (_server, mut socket) = Server::start("ws_echo_server");
    talk(&mut socket, &[(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 4")]);
    let mut rest = String::new();
    socket.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("\r\nConnection: close\r\n"), "{rest}");
}
