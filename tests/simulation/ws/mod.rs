//! A client's and a server's session, wired together, all four halves driven apart.

mod plan;
mod talking;
mod wire;

use wirefeed::Instant;
use wirefeed::ws::deflate::Pool;
use wirefeed::ws::handshake::{DeflateConfig, DeflateParams};
use wirefeed::ws::{ClientRole, Config, Ending, Role, ServerRole, Session};

use crate::contract;
use crate::http::SLACK;
use crate::kit::{Dice, Link, Simulation, earliest, in_turns, millis, run};
use plan::{Plan, Side};
use talking::Talking;

pub(crate) use plan::plan;

type Key = fn(&mut [u8]);

struct Pair<'p> {
    client: Talking<'p, ClientRole<Key>>,
    server: Talking<'p, ServerRole>,
    up: Link,
    down: Link,
    order: Dice,
}

impl Simulation for Pair<'_> {
    fn turn(&mut self, now: Instant) -> bool {
        let Self { client, server, up, down, order } = self;
        in_turns(order, 4, |task| match task {
            0 => client.read(down, now),
            1 => server.read(up, now),
            2 => client.write(up, down, server.has_spoken(), now),
            _ => server.write(down, up, client.has_spoken(), now),
        })
    }

    fn wake(&self, now: Instant) -> Option<Instant> {
        earliest([self.client.wake(now), self.server.wake(now)])
    }
}

/// Runs a plan, and compares what was received with what was sent.
pub(crate) fn check(plan: &Plan) {
    let config = |side: &Side, is_judge: bool| {
        let mut config = contract::session_config(is_judge);
        config.output = side.limit;
        config.compress_from = side.compress_from.into();
        config
    };
    let clients = config(&plan.client, plan.judge.is_client());
    let servers = config(&plan.server, plan.judge.is_server());
    let (client, server) = sessions(plan, &clients, &servers);
    let mut pair = Pair {
        client: Talking::new(client, &plan.client, &clients, (&plan.dice, 0)),
        server: Talking::new(server, &plan.server, &servers, (&plan.dice, 4)),
        up: Link::tapped(plan.capacity),
        down: Link::tapped(plan.capacity),
        order: Dice::new(&plan.dice, 7),
    };
    run(&mut pair);
    let Pair { client, server, up, down, .. } = &pair;
    client.compare(server, &up.log, &down.log);
    server.compare(client, &down.log, &up.log);
}

/// Both sides' sessions, which compress what the plan says.
fn sessions(
    plan: &Plan,
    clients: &Config,
    servers: &Config,
) -> (Session<ClientRole<Key>>, Session<ServerRole>) {
    let key: Key = |key| key.fill(0xa5);
    let Some(stand_alone) = plan.deflate else {
        return (
            Session::new(ClientRole(key), *clients, Instant::ZERO),
            Session::new(ServerRole, *servers, Instant::ZERO),
        );
    };
    let mut offer = DeflateConfig::client();
    offer.server_no_context_takeover = stand_alone;
    let server = DeflateConfig::server();
    let answer = server.answer(&[("Sec-WebSocket-Extensions", offer.offer())]);
    let (params, _): (DeflateParams, _) =
        answer.expect("an offer is a list").expect("an offer that is taken");
    let pool = Pool::default();
    (
        Session::with_deflate(ClientRole(key), *clients, &params, &pool, Instant::ZERO),
        Session::with_deflate(ServerRole, *servers, &params, &pool, Instant::ZERO),
    )
}

impl<R: Role> Talking<'_, R> {
    /// What this side has received is what its peer has sent, and its pings are answered.
    fn compare<P: Role>(&self, peer: &Talking<'_, P>, mine: &[u8], theirs: &[u8]) {
        let mute = self.side.mute_at.is_some() || peer.side.mute_at.is_some();
        let received = &self.received[..];
        if mute {
            assert!(peer.sent.starts_with(received), "what is received was sent");
            if self.side.mute_at.is_none() {
                self.judge_silence(peer);
            }
            return;
        }
        assert_eq!(received.len(), peer.sent.len(), "messages");
        assert!(received == peer.sent, "messages differ");
        assert!(matches!(self.ending(), Some(Ending::Clean(_))), "{:?}", self.ending());
        assert!(self.closed, "the connection is not closed");

        // Each ping of the peer is answered, or a newer one is.
        let [ours, others] = [wire::Frames(mine), wire::Frames(theirs)];
        let asked: Vec<_> = others.of(wire::PING).collect();
        assert!(asked == self.pings, "the pings of the peer");
        let mut left = asked.iter();
        let mut newest = None;
        for pong in ours.of(wire::PONG) {
            assert!(left.any(|ping| *ping == pong), "a pong to no ping, or out of order");
            newest = Some(pong);
        }
        let flooded = peer.side.floods() && self.side.closes.is_some();
        let closed = self.side.closes.is_some() && !contract::PINGS_ARE_ANSWERED_AFTER_OUR_CLOSE;
        // The side that closes first does not receive the last answers.
        if !flooded && !closed && !self.is_cut {
            assert_eq!(newest.as_ref(), asked.last(), "the newest ping is not answered");
        }
    }

    /// A peer that has fallen silent is given up, and not long after its time.
    fn judge_silence<P: Role>(&self, peer: &Talking<'_, P>) {
        assert!(self.closed, "a peer that is silent is waited for without end");
        let mute_at = millis(peer.side.mute_at.expect("it has fallen silent").into());
        let from = (Instant::ZERO + mute_at).max(self.read_from).max(self.spoke_at);
        let most = contract::SESSION_PATIENCE + SLACK;
        assert!(self.closed_at <= from + most, "given up {:?}, from {from:?}", self.closed_at);
    }
}
