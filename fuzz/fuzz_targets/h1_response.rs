//! Responses: the same at any cut, and what a naive reader makes of them.
#![no_main]

mod cuts;
mod laws;
#[expect(dead_code, reason = "requests are for the other target")]
mod naive;

use bytes::Buf;
use libfuzzer_sys::fuzz_target;
use wirefeed::h1::client::Event;
use wirefeed::h1::{Client, Config, Error, Response};
use wirefeed::{Instant, Outbox, Step};

use laws::Side;
use naive::{Message, Switches};

const NOW: Instant = Instant::ZERO;

/// A client that asks again when there is more to read.
struct Asking {
    client: Client,
    method: &'static str,
    fields: &'static [(&'static str, &'static str)],
    switches: Switches,
}

impl Asking {
    fn new(choice: u8) -> Self {
        let mut config = Config::client();
        if choice & 1 == 0 {
            (config.head.head, config.head.fields) = (Some(300), Some(10));
            (config.body.overhead, config.body.trailers) = (Some(64), Some(64));
        } else {
            (config.head.head, config.head.fields) = (None, None);
            (config.body.overhead, config.body.trailers) = (None, None);
        }
        let upgrade = [("Host", "x"), ("Connection", "upgrade"), ("Upgrade", "a")].as_slice();
        let (method, fields) = match choice >> 1 & 3 {
            0 => ("GET", &upgrade[..1]),
            1 => ("HEAD", &upgrade[..1]),
            2 => ("CONNECT", &upgrade[..1]),
            _ => ("GET", upgrade),
        };
        let switches = Switches {
            length_with_coding: choice & 8 != 0,
            space_before_colon: choice & 16 != 0,
            low_status: choice & 32 != 0,
            identity: choice & 64 != 0,
            folds: choice & 128 == 0,
        };
        config.allow_length_with_coding = switches.length_with_coding;
        config.allow_identity_coding = switches.identity;
        config.head.allow_space_before_colon = switches.space_before_colon;
        config.head.allow_low_status = switches.low_status;
        if !switches.folds {
            (config.head.allow_folds, config.body.allow_folds) = (false, false);
        }
        Self { client: Client::new(config, NOW), method, fields, switches }
    }
}

fn opened(head: &Response<'_>) -> Message {
    let line = vec![head.status().to_string().into_bytes()];
    Message { line, fields: laws::pairs(head), ..Message::default() }
}

impl Side for Asking {
    fn receive(
        &mut self,
        input: &mut &[u8],
        messages: &mut Vec<Message>,
    ) -> Result<Step<()>, Error> {
        if self.client.tx.is_idle() {
            if input.is_empty() {
                return Ok(Step::NeedInput);
            }
            let target = if self.method == "CONNECT" { "a:1" } else { "/" };
            self.client.send_head(self.method, target, self.fields, NOW).unwrap();
            self.client.tx.send_end(NOW).unwrap();
            let out = self.client.tx.output();
            out.advance(out.remaining());
        }
        let Client { rx, tx } = &mut self.client;
        let step = rx.receive(tx, input, NOW)?;
        if let (Step::Done, Some(last)) = (&step, messages.last_mut()) {
            last.whole = true;
        }
        Ok(step.map(|event| match event {
            Event::Informational(head) => messages.push(Message { whole: true, ..opened(&head) }),
            Event::Head(head) => messages.push(opened(&head)),
            Event::Data(piece) => messages.last_mut().unwrap().data.extend_from_slice(piece),
            Event::Trailers(lines) => messages.last_mut().unwrap().trailers = laws::pairs(&lines),
        }))
    }

    fn next(&mut self) -> bool {
        self.client.tx.is_idle()
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        let Client { rx, tx } = &mut self.client;
        rx.receive_eof(tx, NOW)
    }

    fn output(&mut self) -> &mut Outbox {
        self.client.tx.output()
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_last() else { return };
    let Some((wire, pieces)) = cuts::split(data) else { return };
    let whole = laws::read(Asking::new(choice), &[wire]);
    assert_eq!(whole, laws::read(Asking::new(choice), &pieces));
    assert_eq!(whole, laws::read(Asking::new(choice), &wire.chunks(1).collect::<Vec<_>>()));
    let Asking { method, fields, switches, .. } = Asking::new(choice);
    if choice & 1 == 1 {
        let good = whole.error.is_none().then_some((whole.messages, whole.used));
        assert_eq!(
            good,
            naive::responses(wire, switches, |_| (method.as_bytes(), fields.len() > 1))
        );
    }
});
