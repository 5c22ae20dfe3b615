//! Heads, bodies, and both sides of a connection.

use wirefeed::fields::Lines;
use wirefeed::h1::head::{RequestDecoder, ResponseDecoder};
use wirefeed::h1::{Client, Config, Framing, Server, body, chunked, client, server};
use wirefeed::{Instant, Replies, Step};

use super::{SECRET, Shown};

const NOW: Instant = Instant::ZERO;
const REQUEST: &[u8] = b"POST /s3cret?s3cret HTTP/1.1\r\nHost: a\r\nCookie: s3cret\r\n\
    Transfer-Encoding: chunked\r\n\r\n6;s3cret=s3cret\r\ns3cret\r\n0\r\nX: s3cret\r\n\r\n";
const RESPONSE: &[u8] =
    b"HTTP/1.1 200 s3cret\r\nLocation: /s3cret\r\nTransfer-Encoding: chunked\r\n\r\n\
    6;s3cret=s3cret\r\ns3cret\r\n0\r\nX: s3cret\r\n\r\n";

pub(super) fn show(shown: &mut Shown) {
    heads(shown);
    bodies(shown);
    servers(shown);
    clients(shown);
}

fn heads(shown: &mut Shown) {
    let (mut requests, mut responses) = (RequestDecoder::new(), ResponseDecoder::new());
    assert!(matches!(requests.decode(&mut &REQUEST[..60]), Ok(Step::NeedInput)));
    assert!(matches!(responses.decode(&mut &RESPONSE[..40]), Ok(Step::NeedInput)));
    shown.hides(&requests);
    shown.hides(&responses);
    shown.hides(&requests.decode(&mut &REQUEST[60..]).unwrap().item().unwrap());
    shown.hides(&responses.decode(&mut &RESPONSE[40..]).unwrap().item().unwrap());
    requests.reset();
    shown.hides(&requests.decode(&mut &b"G\xe2\x82"[..]).unwrap_err());
}

fn bodies(shown: &mut Shown) {
    let secret = SECRET.as_bytes();
    for item in [body::Item::Data(secret), body::Item::Trailers(secret)] {
        shown.hides(&item);
    }
    for item in [
        chunked::Item::Extension(secret),
        chunked::Item::Data(secret),
        chunked::Item::Trailers(secret),
    ] {
        shown.hides(&item);
    }
    // Cut at every place: in the extension, the data, and the trailers.
    let chunks = &REQUEST[REQUEST.windows(2).position(|two| two == b"6;").unwrap()..];
    for len in 0..=chunks.len() {
        let (mut chunked, mut body) =
            (chunked::Decoder::new(), body::Decoder::new(Framing::Chunked));
        let (mut first, mut second) = (&chunks[..len], &chunks[..len]);
        while let Step::Item(_) = chunked.decode(&mut first).unwrap() {}
        while let Step::Item(_) = body.decode(&mut second).unwrap() {}
        shown.hides(&chunked);
        shown.hides(&body);
    }
}

/// One that was given nothing.
fn none<Reply>() -> impl Replies<Reply> {
    |_: Reply, _: Instant| {}
}

fn servers(shown: &mut Shown) {
    let mut replies = Vec::new();
    for byte in 0..REQUEST.len() {
        let mut server = Server::new(Config::server(), NOW);
        let mut input = &REQUEST[..byte];
        while let Step::Item(event) = server.rx.receive(&mut server.tx, &mut input, NOW).unwrap() {
            shown.hides(&event);
        }
        shown.hides(&server);
        shown.hides(&server.rx);
        if server.tx.awaits_head() {
            server.tx.send_head(200, &[("Set-Cookie", SECRET)], NOW).unwrap();
            server.tx.send_data(SECRET.as_bytes(), NOW).unwrap();
            shown.hides(&server.tx);
            server.tx.send_trailers(&[("X", SECRET)], NOW).unwrap();
            shown.hides(&server.tx);
        }
    }
    for (wire, eof) in [(REQUEST, false), (&REQUEST[..20], true)] {
        let mut control = |reply: server::Reply, _: Instant| replies.push(reply);
        let mut server = Server::new(Config::server(), NOW);
        let mut input = wire;
        while let Step::Item(_) = server.rx.receive(&mut control, &mut input, NOW).unwrap() {}
        if eof {
            shown.hides(&server.rx.receive_eof(&mut control, NOW).unwrap_err());
        }
    }
    replies.iter().for_each(|reply| shown.hides(reply));
    shown.hides(&server::Event::Trailers(Lines(b"X: s3cret\r\n")));

    let mut server = Server::new(Config::server(), NOW);
    let wire = b"GET /s3cret HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut input = &wire[..];
    while let Step::Item(_) = server.rx.receive(&mut server.tx, &mut input, NOW).unwrap() {}
    server.tx.send_head(204, &(), NOW).unwrap();
    server.tx.send_end(NOW).unwrap();
    shown.hides(&server.tx.next_exchange().unwrap());
}

fn clients(shown: &mut Shown) {
    for byte in 0..RESPONSE.len() {
        let mut client = Client::new(Config::client(), NOW);
        let fields = [("Host", "a"), ("Cookie", SECRET), ("Transfer-Encoding", "chunked")];
        let next = client.tx.send_head("POST", "/s3cret?s3cret", &fields, NOW).unwrap();
        shown.hides(&next);
        client.rx.next_exchange(next, NOW).unwrap();
        client.tx.send_data(SECRET.as_bytes(), NOW).unwrap();
        let mut input = &RESPONSE[..byte];
        while let Step::Item(event) = client.rx.receive(&mut none(), &mut input, NOW).unwrap() {
            shown.hides(&event);
        }
        shown.hides(&client);
        shown.hides(&client.rx);
        shown.hides(&client.tx);
    }
    let mut client = Client::new(Config::client(), NOW);
    client.send_head("GET", "/", &[("Host", "a")], NOW).unwrap();
    let mut replies = Vec::new();
    let mut control = |reply: client::Reply, _: Instant| replies.push(reply);
    let mut input: &[u8] = b"HTTP/1.1 103 s3cret\r\nLink: s3cret\r\n\r\n";
    shown.hides(&client.rx.receive(&mut control, &mut input, NOW).unwrap().item().unwrap());
    input = RESPONSE;
    while let Step::Item(event) = client.rx.receive(&mut control, &mut input, NOW).unwrap() {
        shown.hides(&event);
    }
    replies.iter().for_each(|reply| shown.hides(reply));
}
