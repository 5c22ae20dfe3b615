//! What drivers do to a session: futures that are dropped wherever they wait, clients that only read.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Buf;
use wirefeed::ws::{
    ClientRole, CloseCode, Config, Ending, Event, Receiver, Reply, Role, Sender, ServerRole,
    Session,
};
use wirefeed::{End, Instant, Outbox, Replies, Step};

const NOW: Instant = Instant::ZERO;

/// A socket that has nothing at first whenever it is asked, and then a few bytes.
struct Socket {
    incoming: RefCell<VecDeque<u8>>,
    outgoing: RefCell<Vec<u8>>,
    has_waited: Cell<bool>,
    /// How often somebody had to wait.
    waits: Cell<usize>,
}

const FEW: usize = 7;

impl Socket {
    fn new(incoming: &[u8]) -> Self {
        Self {
            incoming: RefCell::new(incoming.iter().copied().collect()),
            outgoing: RefCell::default(),
            has_waited: Cell::new(false),
            waits: Cell::new(0),
        }
    }

    async fn is_ready(&self) {
        poll_fn(|_| {
            if self.has_waited.replace(!self.has_waited.get()) {
                return Poll::Ready(());
            }
            self.waits.set(self.waits.get() + 1);
            Poll::Pending
        })
        .await;
    }

    async fn read(&self, buffer: &mut [u8]) -> usize {
        self.is_ready().await;
        let mut incoming = self.incoming.borrow_mut();
        let len = buffer.len().min(FEW).min(incoming.len());
        incoming.copy_to_slice(&mut buffer[..len]);
        len
    }

    async fn write(&self, bytes: &[u8]) -> usize {
        self.is_ready().await;
        let len = bytes.len().min(FEW);
        self.outgoing.borrow_mut().extend_from_slice(&bytes[..len]);
        len
    }
}

/// The whole server. What has to outlive it lies outside.
async fn echo(socket: &Socket, Session { rx, tx }: &mut Session<ServerRole>) -> Option<Ending> {
    let mut buffer = [0; 64];
    loop {
        while tx.output().has_remaining() {
            let len = socket.write(tx.output().chunk()).await;
            tx.output().advance(len);
        }
        if let Some(End::Shutdown | End::Close) = tx.wants().end {
            return tx.ending();
        }
        let len = socket.read(&mut buffer).await;
        let mut input = &mut buffer[..len];
        while let Step::Item(event) = rx.receive(tx, &mut input, NOW).unwrap() {
            match event {
                Event::Text(text) => tx.send_text(&text, NOW).unwrap(),
                Event::Binary(bytes) => tx.send_binary(&bytes, NOW).unwrap(),
                Event::Ping(_) | Event::Pong(_) | Event::Close(_) => {}
            }
        }
    }
}

/// Runs the server on a socket; drops its future at each wait for which `drops` says so, and starts
/// another.
fn run(socket: &Socket, session: &mut Session<ServerRole>, drops: impl Fn(usize) -> bool) {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        let mut server = pin!(echo(socket, session));
        loop {
            match server.as_mut().poll(&mut context) {
                Poll::Ready(ending) => {
                    return assert_eq!(ending, Some(Ending::Clean(Some(CloseCode::NORMAL))));
                }
                Poll::Pending if drops(socket.waits.get()) => break,
                Poll::Pending => {}
            }
        }
    }
}

fn taken(out: &mut Outbox) -> Vec<u8> {
    let len = out.remaining();
    out.copy_to_bytes(len).into()
}

type Key = fn(&mut [u8]);

fn client() -> Session<ClientRole<Key>> {
    let key: Key = |key| key.fill(7);
    Session::new(ClientRole(key), Config::default(), Instant::ZERO)
}

/// Whole messages, fragments, pings between them, and a close.
fn conversation() -> Vec<u8> {
    let mut tx = client().tx;
    for n in 0..5 {
        tx.send_text(&"an echo ".repeat(n), NOW).unwrap();
        tx.send_ping(&[b'?'; 9], NOW).unwrap();
        tx.send_binary_piece(&[n as u8; 50], false, NOW).unwrap();
        tx.send_ping(b"", NOW).unwrap();
        tx.send_binary_piece(&[1; 50], true, NOW).unwrap();
    }
    tx.close(Some(CloseCode::NORMAL), "", NOW).unwrap();
    taken(tx.output())
}

#[test]
fn a_future_that_is_dropped_anywhere_loses_nothing() {
    let incoming = conversation();
    let run = |drops: &dyn Fn(usize) -> bool| {
        let socket = Socket::new(&incoming);
        run(&socket, &mut Session::new(ServerRole, Config::default(), Instant::ZERO), drops);
        assert!(socket.incoming.borrow().is_empty());
        (socket.outgoing.into_inner(), socket.waits.get())
    };
    let (whole, waits) = run(&|_| false);
    assert!(waits > 100, "{waits} waits");
    for at in 1..=waits {
        assert_eq!(run(&|wait| wait == at).0, whole, "dropped at wait {at} of {waits}");
    }
    assert_eq!(run(&|_| true).0, whole, "dropped at every wait");

    // And what was written is what was asked for.
    let (mut client, mut whole) = (client(), whole);
    client.tx.close(Some(CloseCode::NORMAL), "", NOW).unwrap();
    let (mut input, mut seen) = (&mut whole[..], [0; 4]);
    while let Step::Item(event) = client.rx.receive(&mut client.tx, &mut input, NOW).unwrap() {
        seen[match event {
            Event::Text(text) => usize::from(*text != *"an echo ".repeat(seen[0])) * 9,
            Event::Binary(bytes) => 1 + usize::from(bytes.len() != 100) * 9,
            Event::Pong(_) => 2,
            Event::Close(_) => 3,
            Event::Ping(_) => 9,
        }] += 1;
    }
    assert_eq!(seen, [5, 5, 10, 1]);
}

/// Moves one side's output to the other, whose replies go to `control`.
fn pass<F: Role, T: Role>(
    from: &mut Sender<F>,
    to: &mut Receiver<T>,
    control: &mut impl Replies<Reply>,
    now: Instant,
) {
    let mut wire = taken(from.output());
    let mut input = &mut wire[..];
    while let Step::Item(_) = to.receive(control, &mut input, now).unwrap() {}
}

/// A server that asks every second whether its client is there, for a minute.
fn asked(mut pass_back: impl FnMut(&mut Session<ServerRole>, Instant)) -> Option<Ending> {
    let mut config = Config::default();
    config.ping_interval = Some(Duration::from_secs(1));
    config.pong_timeout = Some(Duration::from_secs(5));
    let mut server = Session::new(ServerRole, config, Instant::ZERO);
    for second in 0..60 {
        let now = NOW + Duration::from_secs(second);
        server.tx.handle_timeout(now);
        if server.tx.ending().is_some() {
            break;
        }
        server.tx.send_text("news", now).unwrap();
        pass_back(&mut server, now);
    }
    server.tx.ending()
}

#[test]
fn a_client_that_only_reads_still_sends_its_pongs() {
    // It reads and writes its replies; it never sends a message of its own.
    let mut reader = client();
    let ending = asked(|server, now| {
        pass(&mut server.tx, &mut reader.rx, &mut reader.tx, now);
        pass(&mut reader.tx, &mut server.rx, &mut server.tx, now);
    });
    assert_eq!(ending, None);

    // The same with its halves apart.
    let Session { mut rx, mut tx } = client();
    let ending = asked(|server, now| {
        let mut replies = Vec::new();
        pass(&mut server.tx, &mut rx, &mut |reply, _| replies.push(reply), now);
        replies.drain(..).for_each(|reply| tx.reply(reply, now));
        pass(&mut tx, &mut server.rx, &mut server.tx, now);
    });
    assert_eq!(ending, None);

    // A client that does not write its replies is given up.
    let mut reader = client();
    let ending = asked(|server, now| pass(&mut server.tx, &mut reader.rx, &mut reader.tx, now));
    assert_eq!(ending, Some(Ending::TimedOut));
}
