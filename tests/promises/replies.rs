//! One call of a receiving half makes at most two replies, on every side, whatever the bytes and
//! however it is cut.

use proptest::prelude::*;
use wirefeed::{Instant, Step, h1, ws};

const NOW: Instant = Instant::ZERO;

/// Counts the replies of one call.
fn count<Reply>(call: impl FnOnce(&mut dyn FnMut(Reply, Instant))) -> usize {
    let mut replies = 0;
    call(&mut |_, _| replies += 1);
    replies
}

fn wires() -> impl Strategy<Value = (Vec<u8>, usize)> {
    let request = "(POST / HTTP/1.1\r\nHost: a\r\n(Expect: 100-continue\r\n)?\
                   (Content-Length: 3\r\n|Transfer-Encoding: chunked\r\n)\r\n(abc|3\r\nabc\r\n0\r\n\r\n)?){0,2}[a\r\n]{0,3}";
    let response = "(HTTP/1.1 (100|103) A\r\n\r\n){0,3}(HTTP/1.1 200 A\r\n\
                    (Content-Length: 3\r\n)?\r\n(abc)?)?[a\r\n]{0,3}";
    let frames = prop::collection::vec(
        prop_oneof![
            Just(&b"\x89\x80\0\0\0\0"[..]),
            Just(&b"\x8a\x80\0\0\0\0"[..]),
            Just(&b"\x81\x81\0\0\0\0a"[..]),
            Just(&b"\x01\x81\0\0\0\0a\x80\x80\0\0\0\0"[..]),
            Just(&b"\x88\x80\0\0\0\0"[..]),
            Just(&b"\xff"[..]),
        ],
        0..5,
    );
    let wire = prop_oneof![
        request.prop_map(String::into_bytes),
        response.prop_map(String::into_bytes),
        frames.prop_map(|frames| frames.concat()),
    ];
    (wire, 1usize..40)
}

proptest! {
    #[test]
    fn one_call_owes_at_most_two((wire, cut) in wires(), ends in any::<bool>()) {
        let mut server = h1::Server::new(h1::Config::server(), NOW);
        let mut client = h1::Client::new(h1::Config::client(), NOW);
        let host = [("Host", "a"), ("Expect", "100-continue"), ("Content-Length", "1")];
        client.send_head("POST", "/", &host, NOW).unwrap();
        let mut session = ws::Session::new(ws::ServerRole, ws::Config::default(), Instant::ZERO);
        for piece in wire.chunks(cut) {
            let (mut asked, mut answered, mut bytes) = (piece, piece, piece.to_vec());
            let mut heard = &mut bytes[..];
            for _ in 0..50 {
                let mut done = false;
                let replies = [
                    count(|mut control| drop(server.rx.receive(&mut control, &mut asked, NOW))),
                    count(|mut control| drop(client.rx.receive(&mut control, &mut answered, NOW))),
                    count(|mut control| {
                        let step = session.rx.receive(&mut control, &mut heard, NOW);
                        done = !matches!(step, Ok(Step::Item(_)));
                    }),
                ];
                prop_assert!(replies.iter().all(|replies| *replies <= 2), "{replies:?}");
                if done && asked.is_empty() && answered.is_empty() {
                    break;
                }
            }
        }
        if ends {
            let replies = [
                count(|mut control| { let _ = server.rx.receive_eof(&mut control, NOW); }),
                count(|mut control| { let _ = client.rx.receive_eof(&mut control, NOW); }),
                count(|mut control| { let _ = session.rx.receive_eof(&mut control, NOW); }),
            ];
            prop_assert!(replies.iter().all(|replies| *replies <= 2), "{replies:?}");
        }
    }
}
