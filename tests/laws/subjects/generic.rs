//! Subjects that are written once: any codec, any connection.

use bytes::Buf;
use proptest::prelude::*;
use wirefeed::{Codec, Connection, Input, Instant, Outbox};

use crate::harness::{Flow, Part, Show, Subject};

const NOW: Instant = Instant::ZERO;

/// What the trait [`Codec`] does not say of a codec.
pub(crate) trait Decoding: 'static {
    type Codec: Codec<Error: Into<crate::harness::Failure>>;
    const LIMIT: usize;
    const CONSTANT: usize = 2048;

    /// With small limits, which streams reach.
    fn small() -> Self::Codec;

    /// With limits that long streams do not reach.
    fn roomy() -> Self::Codec {
        Self::small()
    }

    fn show<'m, 'b: 'm>(item: <Self::Codec as Codec>::Item<'m, 'b>, show: Show<'_>)
    where
        Self::Codec: 'm;

    /// Readies the codec for another stream.
    fn reset(codec: &mut Self::Codec) {
        codec.reset();
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)>;

    fn long(len: usize) -> Vec<u8>;
}

/// A codec as a subject.
pub(crate) struct Decoder<D: Decoding> {
    codec: D::Codec,
    input: Scratch,
}

impl<D: Decoding> Subject for Decoder<D> {
    const LIMIT: usize = D::LIMIT;
    const CONSTANT: usize = D::CONSTANT;

    fn new() -> Self {
        Self { codec: D::small(), input: Scratch::new() }
    }

    fn roomy() -> Self {
        Self { codec: D::roomy(), input: Scratch::new() }
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        let mut rest = <D::Codec as Codec>::Input::new(self.input.copy(input));
        let flow = Flow::of(self.codec.decode(&mut rest), |item| D::show(item, show));
        *input = &input[input.len() - rest.bytes().len()..];
        flow
    }

    fn finish(&mut self, show: Show<'_>) -> Flow {
        Flow::end(self.codec.finish(), |item| D::show(item, show))
    }

    fn reset(&mut self) -> bool {
        D::reset(&mut self.codec);
        true
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        D::streams()
    }

    fn long(len: usize) -> Vec<u8> {
        D::long(len)
    }
}

/// What the trait [`Connection`] does not say of a connection.
pub(crate) trait Connecting: 'static {
    type Connection: Connection<Error: Into<crate::harness::Failure>>;
    const LIMIT: usize;
    const CONSTANT: usize = 2048;

    /// With small limits, which streams reach.
    fn small() -> Self::Connection;

    /// With limits that long streams do not reach.
    fn roomy() -> Self::Connection;

    /// Shows an event, and answers it.
    fn handle<'m, 'b: 'm>(
        event: <Self::Connection as Connection>::Event<'m, 'b>,
        sender: &mut <Self::Connection as Connection>::Sender,
        show: Show<'_>,
    ) where
        Self::Connection: 'm;

    /// Begins another exchange after one that is over; whether it could.
    fn next_exchange(_: &mut Self::Connection) -> bool {
        false
    }

    /// What the other side's sender makes.
    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)>;

    fn long(len: usize) -> Vec<u8>;
}

/// A connection as a subject, whose output is shown too.
pub(crate) struct Machine<C: Connecting> {
    connection: C::Connection,
    input: Scratch,
}

impl<C: Connecting> Subject for Machine<C> {
    const LIMIT: usize = C::LIMIT;
    const CONSTANT: usize = C::CONSTANT;

    fn new() -> Self {
        Self { connection: C::small(), input: Scratch::new() }
    }

    fn roomy() -> Self {
        Self { connection: C::roomy(), input: Scratch::new() }
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        loop {
            let mut rest = <C::Connection as Connection>::Input::new(self.input.copy(input));
            let flow = match self.connection.receive_with_sender(&mut rest, NOW) {
                Ok((step, sender)) => Flow::of(Ok::<_, crate::harness::Failure>(step), |event| {
                    C::handle(event, sender, show);
                }),
                Err(error) => Flow::Failed(error.into()),
            };
            *input = &input[input.len() - rest.bytes().len()..];
            show_output(self.connection.output(), show);
            if flow != Flow::Done || !C::next_exchange(&mut self.connection) {
                return flow;
            }
        }
    }

    fn finish(&mut self, _: Show<'_>) -> Flow {
        match self.connection.receive_eof(NOW) {
            Ok(()) => Flow::Done,
            Err(error) => Flow::Failed(error.into()),
        }
    }

    fn reset(&mut self) -> bool {
        false
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        C::streams()
    }

    fn long(len: usize) -> Vec<u8> {
        C::long(len)
    }
}

fn show_output(out: &mut Outbox, show: Show<'_>) {
    while out.has_remaining() {
        let len = out.chunk().len();
        show("output", out.chunk(), true);
        out.advance(len);
    }
}

/// A copy of the input that a decoder may change, in a buffer made beforehand.
pub(super) struct Scratch(Vec<u8>);

impl Scratch {
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(CONSTANT_INPUT))
    }

    pub(super) fn copy(&mut self, input: &[u8]) -> &mut [u8] {
        self.0.clear();
        self.0.extend_from_slice(input);
        &mut self.0
    }
}

/// Most inputs fit; what a longer one adds counts as its own bytes.
const CONSTANT_INPUT: usize = 512;
