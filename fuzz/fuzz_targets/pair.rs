//! A client and a server wired together in memory, each with its driver, and a model of what
//! passes between them.

use std::time::Duration;

use bytes::{Buf, Bytes};
use wirefeed::h1::{Client, Config, Error, ErrorKind, Server, client, server};
use wirefeed::{End, Fields, Instant, SendError, Step, Wants};

mod time;

use time::{Clock, Phase};

pub(crate) type Pairs = Vec<(String, Vec<u8>)>;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, arbitrary::Arbitrary)]
pub(crate) enum Who {
    Client,
    Server,
}
pub(crate) use Who::{Client as CLIENT, Server as SERVER};

impl Who {
    pub(crate) fn other(self) -> Self {
        if self == CLIENT { SERVER } else { CLIENT }
    }
}

/// Does the same with either sending half.
macro_rules! tx {
    ($pair:expr, $who:expr, $tx:ident => $does:expr) => {
        match $who {
            $crate::pair::CLIENT => {
                let $tx = &mut $pair.client.tx;
                $does
            }
            $crate::pair::SERVER => {
                let $tx = &mut $pair.server.tx;
                $does
            }
        }
    };
}
pub(crate) use tx;

/// A request or a response, as sent or as received.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) line: String,
    pub(crate) fields: Pairs,
    pub(crate) data: Vec<u8>,
    pub(crate) trailers: Pairs,
    pub(crate) whole: bool,
}

/// What one of the two sent and received, beside its machine.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) sent: Vec<Message>,
    pub(crate) got: Vec<Message>,
    /// Bytes that were moved to it and that it has not taken.
    pub(crate) inbox: Vec<u8>,
    /// Nothing more is moved to it.
    pub(crate) eof: bool,
    eof_told: bool,
    /// The error of its receiving half.
    failed: Option<Error>,
    clock: Clock,
    raw: usize,
}

impl Side {
    fn new() -> Self {
        let (sent, got, inbox) = (Vec::new(), Vec::new(), Vec::new());
        let clock = Clock::new();
        Self { sent, got, inbox, eof: false, eof_told: false, failed: None, clock, raw: 0 }
    }
}

pub(crate) struct Pair {
    pub(crate) client: Client,
    pub(crate) server: Server,
    pub(crate) now: Instant,
    sides: [Side; 2],
    configs: [Config; 2],
    /// The server has a request, and its response's head is to be sent.
    pub(crate) unanswered: bool,
    /// The server has a request that `next_exchange` has not left behind.
    open: bool,
    pub(crate) to_head: bool,
    /// Requests that expect a 100, and 100s received.
    pub(crate) expects: usize,
    continues: usize,
    /// Something happened that may keep messages from arriving: an abort, a cut, a deadline.
    pub(crate) disturbed: bool,
}

impl Pair {
    /// A pair whose limits and deadlines are those that `choice` says.
    pub(crate) fn new(choice: u8) -> Self {
        let (mut ours, mut theirs) = (Config::client(), Config::server());
        let limit = (choice & 1 == 0).then(|| 5 * usize::from(choice));
        (ours.output, theirs.output) = (limit, limit);
        if choice & 2 != 0 {
            theirs.pause_reading_above = Some(400);
        }
        if choice & 4 != 0 {
            ours.idle_timeout = Some(Duration::from_secs(40));
            ours.body_timeout = Some(Duration::from_secs(20));
        }
        Self {
            client: Client::new(ours, Instant::ZERO),
            server: Server::new(theirs, Instant::ZERO),
            now: Instant::ZERO,
            sides: [Side::new(), Side::new()],
            configs: [ours, theirs],
            unanswered: false,
            open: false,
            to_head: false,
            expects: 0,
            continues: 0,
            disturbed: false,
        }
    }

    pub(crate) fn side(&mut self, who: Who) -> &mut Side {
        &mut self.sides[who as usize]
    }

    /// Calls, and sees to it that a call which is refused has changed nothing of the output, and that
    /// the limit on it is a mark for more.
    pub(crate) fn call(
        &mut self,
        who: Who,
        call: impl FnOnce(&mut Self) -> Result<(), SendError>,
    ) -> bool {
        let before = self.output(who);
        let result = call(self);
        let after = self.output(who);
        match (&result, self.configs[who as usize].output) {
            (Err(SendError::Full), None) => panic!("full without a limit"),
            (Err(SendError::Full), _) => {
                assert!(!before.is_empty(), "refused with an empty output")
            }
            (Ok(()), Some(limit)) if !before.is_empty() => {
                assert!(after.len() <= limit || after == before, "over the limit");
            }
            _ => {}
        }
        if result.is_err() {
            assert_eq!(after, before, "{result:?}");
        }
        self.note_output(who);
        result.is_ok()
    }

    pub(crate) fn output(&mut self, who: Who) -> Vec<u8> {
        tx!(self, who, tx => {
            let out = tx.output();
            let mut slices = [std::io::IoSlice::new(&[]); 512];
            let count = out.chunks_vectored(&mut slices);
            slices[..count].iter().flat_map(|slice| slice.to_vec()).collect()
        })
    }

    /// The output for the socket, and what the driver must do.
    fn socket(&mut self, who: Who) -> (Vec<u8>, Wants) {
        (self.output(who), tx!(self, who, tx => tx.wants()))
    }

    /// Writes some of the output to the other's input; where that one has gone, to nowhere.
    pub(crate) fn carry(&mut self, from: Who, len: usize, take: bool) -> bool {
        let bytes = tx!(self, from, tx => {
            let out = tx.output();
            if take {
                out.take_bytes().unwrap_or_default()
            } else {
                let some = Bytes::copy_from_slice(&out.chunk()[..len.min(out.chunk().len())]);
                out.advance(some.len());
                some
            }
        });
        self.side(from).clock.written += bytes.len();
        self.note_output(from);
        let to = self.side(from.other());
        if !to.eof {
            to.inbox.extend_from_slice(&bytes);
        }
        !bytes.is_empty()
    }

    /// Lets one half see what has come, once or until it wants more.
    pub(crate) fn receive(&mut self, who: Who, once: bool) {
        let inbox = std::mem::take(&mut self.side(who).inbox);
        let mut input = &inbox[..];
        while tx!(self, who, tx => tx.wants().read) {
            let (before, socket) = (input, self.socket(who));
            let failed = self.side(who).failed;
            let upgraded = self.is_upgraded(who);
            self.side(who).clock.hears(who, input);
            let step = match who {
                CLIENT => self.client_receives(&mut input),
                SERVER => self.server_receives(&mut input),
            };
            if upgraded && failed.is_none() {
                assert!(matches!(step, Ok(Step::Done)) && input == before, "not its bytes");
            }
            self.side(who).clock.looks(match step {
                Ok(Step::Done) => who == CLIENT,
                _ => matches!(step, Ok(Step::NeedInput)),
            });
            match (step, failed) {
                (Err(error), Some(failed)) => assert_eq!((error, input), (failed, before)),
                (Err(error), None) => self.failed(who, error, &socket),
                (Ok(_), Some(failed)) => panic!("it has failed: {failed:?}"),
                (Ok(Step::Item(())), None) if !once => continue,
                (Ok(Step::NeedInput), None) => assert!(input.is_empty()),
                (Ok(_), None) => {}
            }
            // A side that has failed reads on, to see the end of the stream, but heeds nothing.
            if self.side(who).failed.is_some() {
                input = &[];
            }
            break;
        }
        self.side(who).inbox = input.to_vec();
        let wants = tx!(self, who, tx => tx.wants());
        if self.side(who).failed.is_some() || wants.end == Some(End::Close) {
            self.side(who).inbox.clear();
        }
        let sees = wants.read || wants.end.is_some();
        let upgraded = self.is_upgraded(who);
        let side = self.side(who);
        if sees && side.eof && !side.eof_told && (side.inbox.is_empty() || upgraded) {
            side.eof_told = true;
            let failed = side.failed;
            let (now, socket) = (self.now, self.socket(who));
            let ended = match who {
                CLIENT => self.client.rx.receive_eof(&mut self.client.tx, now),
                SERVER => self.server.rx.receive_eof(&mut self.server.tx, now),
            };
            match (ended, failed) {
                (Ok(()), None) => self.done(who),
                (Err(error), None) => self.failed(who, error, &socket),
                (ended, Some(failed)) => assert_eq!(ended, Err(failed)),
            }
        }
        self.note_output(who);
    }

    fn client_receives(&mut self, input: &mut &[u8]) -> Result<Step<()>, Error> {
        let side = &mut self.sides[CLIENT as usize];
        let waits = self.client.tx.awaits_continue();
        let step = self.client.rx.receive(&mut self.client.tx, input, self.now)?;
        let step = step.map(|event| match event {
            client::Event::Informational(head) if head.status() == 100 => self.continues += 1,
            client::Event::Informational(head) => {
                assert_eq!(self.client.tx.awaits_continue(), waits, "only a 100 ends it");
                let (line, fields) = (head.status().to_string(), pairs(&head));
                side.got.push(Message { line, fields, whole: true, ..Message::default() });
            }
            client::Event::Head(head) => {
                side.clock.begin(Phase::Body);
                let (line, fields) = (head.status().to_string(), pairs(&head));
                side.got.push(Message { line, fields, ..Message::default() });
            }
            client::Event::Data(piece) => side.got.last_mut().unwrap().data.extend(piece),
            client::Event::Trailers(all) => side.got.last_mut().unwrap().trailers = pairs(&all),
        });
        assert!(self.continues <= self.expects, "a 100 that was not asked for");
        if matches!(step, Step::Done) {
            self.done(CLIENT);
        }
        Ok(step)
    }

    fn server_receives(&mut self, input: &mut &[u8]) -> Result<Step<()>, Error> {
        let side = &mut self.sides[SERVER as usize];
        let step = self.server.rx.receive(&mut self.server.tx, input, self.now)?;
        let step = step.map(|event| match event {
            server::Event::Head(head) => {
                (self.unanswered, self.open) = (true, true);
                side.clock.begin(Phase::Body);
                self.to_head = head.method() == "HEAD";
                let line = format!("{} {}", head.method(), head.target());
                side.got.push(Message { line, fields: pairs(&head), ..Message::default() });
            }
            server::Event::Data(piece) => side.got.last_mut().unwrap().data.extend(piece),
            server::Event::Trailers(all) => side.got.last_mut().unwrap().trailers = pairs(&all),
        });
        if matches!(step, Step::Done) {
            self.done(SERVER);
        }
        Ok(step)
    }

    fn done(&mut self, who: Who) {
        if let Some(last) = self.side(who).got.last_mut() {
            last.whole = true;
        }
    }

    /// A receiving half has failed; a server answers that by itself, where it has not yet.
    fn failed(&mut self, who: Who, error: Error, before: &(Vec<u8>, Wants)) {
        let kinds = [ErrorKind::Truncated, ErrorKind::TimedOut];
        assert!(kinds.contains(&error.kind), "{who:?} does not understand the other: {error:?}");
        self.side(who).failed = Some(error);
        self.disturbed |= error.kind == ErrorKind::TimedOut;
        let unanswered = self.unanswered || !self.open;
        let (output, wants) = self.socket(who);
        // Where the peer has stopped reading at the same moment, the output to it is dropped.
        let gone = output.is_empty() && wants.end == Some(End::Close);
        let answers = who == SERVER && unanswered && before.1.end.is_none() && !gone;
        assert!(gone || (output != before.0) == answers, "one answer to each request");
        if answers {
            let text = format!("{error}\n").into_bytes();
            let data = if self.unanswered && self.to_head { Vec::new() } else { text };
            let line = error.status_hint().to_string();
            let answer = Message { line, data, whole: true, ..Message::default() };
            self.side(SERVER).sent.push(answer);
            (self.unanswered, self.open) = (false, true);
        }
    }

    pub(crate) fn next_exchange(&mut self) -> bool {
        if !self.server.rx.is_done() {
            assert!(self.server.tx.next_exchange().is_none(), "the request is not over");
        }
        let next = self.server.next_exchange(self.now);
        self.open &= !next;
        if next {
            let clock = &mut self.side(SERVER).clock;
            clock.begin(Phase::Idle);
            clock.looks(true);
        }
        next
    }

    /// What the driver does with its socket, once the output is written.
    pub(crate) fn close(&mut self, who: Who) -> bool {
        let (empty, wants) = tx!(self, who, tx => (tx.output().is_empty(), tx.wants()));
        let peer = self.side(who.other());
        let closes = empty && wants.end.is_some() && !peer.eof;
        peer.eof |= closes;
        closes
    }

    /// The stream of one side is cut, and its output is lost.
    pub(crate) fn cut(&mut self, who: Who) {
        self.side(who.other()).eof = true;
        self.disturbed = true;
    }

    pub(crate) fn is_upgraded(&self, who: Who) -> bool {
        match who {
            CLIENT => self.client.tx.wants().end == Some(End::Upgrade),
            SERVER => {
                let side = &self.sides[SERVER as usize];
                let over = side.eof_told || side.failed.is_some() || self.server.rx.is_done();
                self.server.tx.wants().end == Some(End::Upgrade) && over
            }
        }
    }

    pub(crate) fn is_idle(&self, who: Who) -> bool {
        match who {
            CLIENT => self.client.tx.is_idle(),
            SERVER => !self.open && self.server.tx.wants().end.is_none(),
        }
    }

    /// Whether one side is through with the connection.
    pub(crate) fn is_closed(&mut self, who: Who) -> bool {
        let end = tx!(self, who, tx => tx.wants().end);
        let peer_gone = self.side(who).eof_told;
        end == Some(End::Close) || (end == Some(End::Shutdown) && peer_gone)
    }

    /// Nothing is received that was not sent.
    pub(crate) fn compare(&mut self) {
        for (from, to) in [(CLIENT, SERVER), (SERVER, CLIENT)] {
            let got = std::mem::take(&mut self.side(to).got);
            let sent = &self.side(from).sent;
            assert!(got.len() <= sent.len(), "{got:?} {sent:?}");
            for (got, sent) in got.iter().zip(sent) {
                assert_eq!(got.line, sent.line);
                assert!(sent.fields.iter().all(|field| got.fields.contains(field)), "{got:?}");
                assert!(sent.data.starts_with(&got.data), "{got:?} {sent:?}");
                if got.whole {
                    assert!(sent.whole || is_all_sent(got), "{got:?} {sent:?}");
                    // A server answers half a HEAD as if it were anything else, and then leaves.
                    let to_half = sent.fields.is_empty() && got.data.is_empty();
                    assert!(to_half || sent.data == got.data, "{got:?} {sent:?}");
                    assert_eq!(got.trailers, sent.trailers);
                }
            }
            self.side(to).got = got;
        }
    }

    /// What was sent whole was received whole.
    pub(crate) fn compare_whole(&mut self) {
        for (from, to) in [(CLIENT, SERVER), (SERVER, CLIENT)] {
            let sent = self.side(from).sent.iter().filter(|message| message.whole).count();
            let got = self.side(to).got.iter().filter(|message| message.whole).count();
            assert!(sent <= got, "{from:?}: {:?}", self.side(from).sent);
        }
    }

    /// Another protocol's bytes arrive, and are left alone.
    pub(crate) fn send_raw(&mut self, who: Who) {
        let raw = b"\0HTTP/1.1 200 OK\r\n\r\n";
        if tx!(self, who, tx => tx.output().copy(raw)).is_ok() {
            self.side(who.other()).raw += raw.len();
        }
        while self.carry(who, 7, false) {
            self.receive(who.other(), false);
        }
        let side = self.side(who.other());
        assert!(side.inbox.len() == side.raw, "bytes of another protocol were taken");
    }
}

/// Whether a message has arrived with the last byte of its head or its data, before its sender says
/// that it ends.
fn is_all_sent(got: &Message) -> bool {
    let said = |name: &str| got.fields.iter().find(|field| field.0.eq_ignore_ascii_case(name));
    let whole =
        |length: &[u8]| got.data.is_empty() || length == got.data.len().to_string().as_bytes();
    said("transfer-encoding").is_none_or(|_| got.data.is_empty())
        && said("content-length").is_none_or(|(_, length)| whole(length))
}

fn pairs(fields: &impl Fields) -> Pairs {
    fields.fields().map(|field| (field.name.into(), field.value.into())).collect()
}
