//! A client and a server that talk to each other: whatever is called, in whatever order, and however
//! their bytes travel.
#![no_main]

mod pair;

use std::time::Duration;

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wirefeed::{ApiMisuse, End, SendError};

use pair::{CLIENT, Message, Pair, SERVER, Who, tx};

#[derive(Debug, Arbitrary)]
enum Op {
    Ask(Head),
    Answer(Head),
    Data {
        who: Who,
        len: u16,
        shared: bool,
    },
    End(Who),
    Trailers {
        who: Who,
        forbidden: bool,
    },
    Abort(Who),
    Next,
    Carry {
        from: Who,
        len: u8,
        take: bool,
    },
    Receive {
        who: Who,
        once: bool,
    },
    /// All output arrives.
    Flow,
    /// Time passes up to the earliest deadline, or not as far.
    Time {
        early: bool,
        millis: u16,
    },
    /// Time passes, and no driver looks at the clock.
    Sleep {
        millis: u16,
    },
    /// One does not read.
    Pause(Who),
    Cut(Who),
}

/// What a request or a response says.
#[derive(Debug, Arbitrary)]
struct Head {
    /// Which method, or which status.
    which: u8,
    framing: Framing,
    close: bool,
    upgrade: bool,
    expect: bool,
    /// A field that must not be sent.
    broken: bool,
}

#[derive(Debug, Arbitrary)]
enum Framing {
    Unsaid,
    Length(u8),
    Chunked,
    Both,
}

const METHODS: [&str; 4] = ["GET", "HEAD", "CONNECT", "POST"];
const STATUSES: [u16; 12] = [200, 204, 304, 404, 500, 101, 103, 199, 201, 417, 99, 1000];

impl Head {
    fn fields(&self, n: usize) -> Vec<(String, Vec<u8>)> {
        let mut all = vec![("Number", n.to_string())];
        match self.framing {
            Framing::Unsaid => {}
            Framing::Length(len) => all.push(("Content-Length", len.to_string())),
            Framing::Chunked => all.push(("Transfer-Encoding", "chunked".into())),
            Framing::Both => {
                all.push(("Content-Length", "1".into()));
                all.push(("transfer-encoding", "Chunked".into()));
            }
        }
        let said = [
            (self.close, "Connection", "close"),
            (self.upgrade, "Connection", "upgrade"),
            (self.upgrade, "Upgrade", "other"),
            (self.expect, "Expect", "100-continue"),
            (self.broken, "Broken", "a\r\nb"),
        ];
        all.extend(
            said.iter().filter(|(says, ..)| *says).map(|(_, name, value)| (*name, (*value).into())),
        );
        all.into_iter().map(|(name, value)| (name.into(), value.into_bytes())).collect()
    }
}

fn ask(pair: &mut Pair, head: &Head) {
    let n = pair.side(CLIENT).sent.len();
    let mut fields = head.fields(n);
    fields.push(("Host".into(), b"x".to_vec()));
    let method = METHODS[usize::from(head.which) % METHODS.len()];
    let target = if method == "CONNECT" { format!("x:{}", n + 1) } else { format!("/{n}") };
    let now = pair.now;
    if pair.call(CLIENT, |pair| pair.client.send_head(method, &target, &fields[..], now)) {
        pair.request_begun();
        pair.expects += usize::from(head.expect);
        let line = format!("{method} {target}");
        pair.side(CLIENT).sent.push(Message { line, fields, ..Message::default() });
    }
}

fn answer(pair: &mut Pair, head: &Head) {
    let n = pair.side(SERVER).sent.len();
    let fields = head.fields(n);
    let status = STATUSES[usize::from(head.which) % STATUSES.len()];
    let now = pair.now;
    if pair.call(SERVER, |pair| pair.server.tx.send_head(status, &fields[..], now)) {
        let informs = status < 200 && status != 101;
        pair.unanswered = informs;
        let whole = informs || pair.server.tx.wants().end == Some(End::Upgrade);
        let line = status.to_string();
        pair.side(SERVER).sent.push(Message { line, fields, whole, ..Message::default() });
    }
}

fn data(pair: &mut Pair, who: Who, len: usize, shared: bool) {
    let from = pair.side(who).sent.last().map_or(0, |last| last.data.len());
    let data: Vec<u8> = (from..from + len).map(|n| n as u8 ^ (n >> 8) as u8).collect();
    let now = pair.now;
    let sent = pair.call(who, |pair| {
        tx!(pair, who, tx => match shared {
            true => tx.send_bytes(Bytes::copy_from_slice(&data), now),
            false => tx.send_data(&data, now),
        })
    });
    if sent && !(who == SERVER && pair.to_head) {
        pair.side(who).sent.last_mut().unwrap().data.extend(data);
    }
}

fn end(pair: &mut Pair, who: Who) -> Result<(), SendError> {
    let now = pair.now;
    let mut result = Ok(());
    pair.call(who, |pair| {
        result = tx!(pair, who, tx => tx.send_end(now));
        result
    });
    if result.is_ok() {
        over(pair, who);
    }
    result
}

/// A message was sent.
fn over(pair: &mut Pair, who: Who) {
    pair.side(who).sent.last_mut().unwrap().whole = true;
    if who == CLIENT {
        pair.request_over();
    }
}

fn trailers(pair: &mut Pair, who: Who, forbidden: bool) {
    let name = if forbidden { "Content-Length" } else { "Digest" };
    let fields = vec![(name.to_string(), b"1".to_vec())];
    let now = pair.now;
    if pair.call(who, |pair| tx!(pair, who, tx => tx.send_trailers(&fields[..], now))) {
        let dropped = who == SERVER && pair.to_head;
        over(pair, who);
        if !dropped {
            pair.side(who).sent.last_mut().unwrap().trailers = fields;
        }
    }
}

fn time(pair: &mut Pair, early: bool, millis: u16) {
    let both = [pair.poll_timeout(CLIENT), pair.poll_timeout(SERVER)];
    let step = Duration::from_millis(millis.into());
    let due = both.into_iter().flatten().min().unwrap_or(pair.now + step);
    let to = if early { due.min(pair.now + step) } else { due };
    pair.pass(to.max(pair.now));
    pair.handle_timeout(CLIENT);
    pair.handle_timeout(SERVER);
}

fn run(pair: &mut Pair, op: &Op) {
    match *op {
        Op::Ask(ref head) => ask(pair, head),
        Op::Answer(ref head) => answer(pair, head),
        Op::Data { who, len, shared } => data(pair, who, usize::from(len) % 700, shared),
        Op::End(who) => {
            let _ = end(pair, who);
        }
        Op::Trailers { who, forbidden } => trailers(pair, who, forbidden),
        Op::Abort(who) => {
            tx!(pair, who, tx => tx.abort());
            pair.disturbed = true;
        }
        Op::Next => {
            pair.next_exchange();
        }
        Op::Carry { from, len, take } => {
            pair.carry(from, usize::from(len), take);
        }
        Op::Receive { who, once } => pair.receive(who, once),
        Op::Flow => {
            flow(pair, CLIENT);
            flow(pair, SERVER);
        }
        Op::Time { early, millis } => time(pair, early, millis),
        Op::Sleep { millis } => pair.pass(pair.now + Duration::from_millis(millis.into())),
        Op::Pause(who) => pair.pause(who),
        Op::Cut(who) => pair.cut(who),
    }
}

/// All output of one side arrives.
fn flow(pair: &mut Pair, who: Who) -> bool {
    let mut flows = false;
    while pair.carry(who, 1000, false) {
        flows = true;
    }
    pair.receive(who.other(), false);
    flows
}

/// Both do what is left to do, without a clock, until nothing changes.
fn settle(pair: &mut Pair) {
    loop {
        let mut busy = false;
        for who in [CLIENT, SERVER] {
            busy |= flow(pair, who);
            busy |= pair.close(who);
            pair.receive(who.other(), false);
            match end(pair, who) {
                Ok(()) => busy = true,
                Err(SendError::Misuse(ApiMisuse::BodyTooShort)) => {
                    data(pair, who, 1, false);
                    busy = true;
                }
                Err(_) => {}
            }
        }
        if pair.server.tx.awaits_head() {
            let (framing, which) = (Framing::Length(3), 3);
            let head =
                Head { which, framing, close: false, upgrade: false, expect: false, broken: false };
            answer(pair, &head);
            busy = true;
        }
        busy |= pair.next_exchange();
        if !busy {
            return;
        }
    }
}

/// Both came to the same end, or it shows why not.
fn at_rest(pair: &mut Pair) -> bool {
    let mut kind = |who| (pair.is_idle(who), pair.is_upgraded(who), pair.is_closed(who));
    let kinds = (kind(CLIENT), kind(SERVER));
    match kinds {
        ((true, ..), (true, ..)) | ((_, true, _), (_, true, _)) | ((.., true), (.., true)) => true,
        _ => pair.disturbed && kinds.0 != (false, false, false) && kinds.1 != (false, false, false),
    }
}

fuzz_target!(|input: (u8, Vec<Op>)| {
    let (choice, ops) = input;
    let mut pair = Pair::new(choice);
    for op in ops.iter().take(200) {
        run(&mut pair, op);
        pair.compare();
    }
    settle(&mut pair);
    pair.compare();
    if !pair.disturbed {
        assert!(at_rest(&mut pair), "{:?} {:?}", pair.client, pair.server);
        pair.compare_whole();
        if pair.is_upgraded(CLIENT) {
            pair.send_raw(CLIENT);
            pair.send_raw(SERVER);
        }
    }
    // Neither side waits without end.
    for _ in 0..20 {
        time(&mut pair, false, 0);
        settle(&mut pair);
    }
    pair.compare();
    assert!(at_rest(&mut pair), "{:?} {:?}", pair.client, pair.server);
});
