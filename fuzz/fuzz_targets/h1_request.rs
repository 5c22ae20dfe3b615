//! Requests: the same at any cut, and what a naive reader makes of them.
#![no_main]

mod cuts;
mod laws;
mod naive;

use libfuzzer_sys::fuzz_target;
use wirefeed::h1::Sender;
use wirefeed::h1::server::{Event, ServerSide};
use wirefeed::h1::{Config, Error, Server};
use wirefeed::{Instant, Outbox, Step};

use laws::Side;
use naive::{Message, Switches};

const NOW: Instant = Instant::ZERO;
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A server that answers each request, at its head or at its end.
struct Serving {
    server: Server,
    late: bool,
    /// Goes over to another protocol whenever it is asked to.
    accepts: bool,
    /// Says that each answer is the last.
    closes: bool,
    /// The method of a request that is not yet answered.
    asked: Option<Vec<u8>>,
}

impl Serving {
    fn new(choice: u8) -> Self {
        let mut config = Config::server();
        if choice & 1 == 0 {
            (config.head.head, config.head.fields, config.target) = (Some(300), Some(10), Some(40));
            (config.body.overhead, config.body.trailers) = (Some(64), Some(64));
        } else {
            (config.head.head, config.head.fields, config.target) = (None, None, None);
            (config.body.overhead, config.body.trailers) = (None, None);
        }
        Self {
            server: Server::new(config, NOW),
            late: choice & 2 != 0,
            accepts: choice & 4 != 0,
            closes: choice & 24 == 24,
            asked: None,
        }
    }
}

fn answer(tx: &mut Sender<ServerSide>, method: &[u8], accepts: bool, closes: bool) {
    let switched = accepts
        && (tx.send_head(101, &(), NOW).is_ok()
            || (method == b"CONNECT" && tx.send_head(200, &(), NOW).is_ok()));
    if !switched {
        let fields = [("Content-Length", "3"), ("Connection", "close")];
        tx.send_head(404, &fields[..1 + usize::from(closes)], NOW).unwrap();
        tx.send_data(b"abc", NOW).unwrap();
        tx.send_end(NOW).unwrap();
    }
}

impl Side for Serving {
    fn receive(
        &mut self,
        input: &mut &[u8],
        messages: &mut Vec<Message>,
    ) -> Result<Step<()>, Error> {
        let Server { rx, tx } = &mut self.server;
        let step = rx.receive(tx, input, NOW)?;
        let done = matches!(step, Step::Done);
        let step = step.map(|event| match event {
            Event::Head(head) => {
                let line = vec![head.method().into(), head.target().into()];
                let fields = laws::pairs(&head);
                messages.push(Message { line, fields, ..Message::default() });
                self.asked = Some(head.method().into());
            }
            Event::Data(piece) => messages.last_mut().unwrap().data.extend_from_slice(piece),
            Event::Trailers(lines) => messages.last_mut().unwrap().trailers = laws::pairs(&lines),
        });
        if let Some(last) = messages.last_mut().filter(|_| done) {
            last.whole = true;
        }
        if done || !self.late {
            if let Some(method) = self.asked.take() {
                answer(tx, &method, self.accepts, self.closes);
            }
        }
        Ok(step)
    }

    fn next(&mut self) -> bool {
        self.server.next_exchange(NOW)
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        let Server { rx, tx } = &mut self.server;
        rx.receive_eof(tx, NOW)
    }

    fn output(&mut self) -> &mut Outbox {
        self.server.tx.output()
    }
}

/// A 100 depends on the cut: on whether the body is there when it is asked for (RFC 9110 10.1.1).
fn without_continue(mut read: laws::Read) -> laws::Read {
    while let Some(at) = read.output.windows(CONTINUE.len()).position(|part| part == CONTINUE) {
        read.output.drain(at..at + CONTINUE.len());
    }
    read
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_last() else { return };
    let Some((wire, pieces)) = cuts::split(data) else { return };
    let read = |pieces: &[&[u8]]| {
        let read = laws::read(Serving::new(choice), pieces);
        judge_answers(&read);
        without_continue(read)
    };
    let whole = read(&[wire]);
    assert_eq!(whole, read(&pieces));
    assert_eq!(whole, read(&wire.chunks(1).collect::<Vec<_>>()));
    let Serving { accepts, closes, .. } = Serving::new(choice);
    if choice & 1 != 0 && !closes {
        let good = whole.error.is_none().then_some((whole.messages, whole.used));
        assert_eq!(good, naive::requests(wire, accepts));
    }
});

/// Each request has one answer, a broken one too, and nothing follows the last.
fn judge_answers(read: &laws::Read) {
    let asked = |n: usize| match read.messages.get(n) {
        Some(message) => (&message.line[0][..], true),
        None => (&b"GET"[..], false),
    };
    let (answers, used) = naive::responses(&read.output, Switches::default(), asked)
        .expect("answers are well formed");
    assert_eq!(used, read.output.len());
    let count = answers.iter().filter(|answer| answer.line[0] != b"100").count();
    let broken_head = read.error.is_some() && read.messages.last().is_none_or(|last| last.whole);
    assert_eq!(count, read.messages.len() + usize::from(broken_head));
}
