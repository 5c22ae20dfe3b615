//! What a connection makes of a stream, and what every cut of it must have in common.

use bytes::Buf;
use wirefeed::h1::Error;
use wirefeed::{Fields, Outbox, Step};

use crate::naive::{Message, Pairs};

/// One side of a connection, with its driver.
pub(crate) trait Side {
    /// Receives the next part, into the last message or a new one.
    fn receive(
        &mut self,
        input: &mut &[u8],
        messages: &mut Vec<Message>,
    ) -> Result<Step<()>, Error>;

    /// Whether another message may follow.
    fn next(&mut self) -> bool;

    fn receive_eof(&mut self) -> Result<(), Error>;

    fn output(&mut self) -> &mut Outbox;
}

/// What a side made of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) messages: Vec<Message>,
    pub(crate) output: Vec<u8>,
    pub(crate) error: Option<Error>,
    /// Bytes taken, up to the one at fault.
    pub(crate) used: usize,
}

/// Feeds the pieces, then the end of the stream.
pub(crate) fn read(mut side: impl Side, pieces: &[&[u8]]) -> Read {
    let mut read = Read::default();
    'pieces: for piece in pieces {
        let mut input = *piece;
        loop {
            let step = side.receive(&mut input, &mut read.messages);
            drain(side.output(), &mut read.output);
            match step {
                Ok(Step::Item(())) => {}
                Ok(Step::NeedInput) => break,
                Ok(Step::Done) if side.next() => {}
                Ok(Step::Done) => {
                    read.used += piece.len() - input.len();
                    let again = side.receive(&mut &b"GET"[..], &mut read.messages);
                    assert_eq!(again, Ok(Step::Done));
                    break 'pieces;
                }
                Err(error) => {
                    // The input is left at the byte at fault, unless that one came before it.
                    let at = error.at as usize;
                    let end = read.used + piece.len();
                    assert_eq!(end - input.len(), if at < read.used { end } else { at });
                    (read.used, read.error) = (at, Some(error));
                    break 'pieces;
                }
            }
        }
        assert!(input.is_empty());
        read.used += piece.len();
    }
    let finished = side.receive_eof();
    match read.error {
        Some(error) => assert_eq!(finished, Err(error)),
        None => read.error = finished.err(),
    }
    let mut more = &b"more"[..];
    match (side.receive(&mut more, &mut read.messages), read.error) {
        (Err(again), Some(error)) => assert_eq!((again, more.len()), (error, 4)),
        (again, None) => assert_eq!((again, more.len()), (Ok(Step::Done), 4)),
        unlike => panic!("{unlike:?}"),
    }
    drain(side.output(), &mut read.output);
    read
}

pub(crate) fn pairs(fields: &impl Fields) -> Pairs {
    fields.fields().map(|field| (field.name.into(), field.value.into())).collect()
}

fn drain(out: &mut Outbox, into: &mut Vec<u8>) {
    while out.has_remaining() {
        into.extend_from_slice(out.chunk());
        out.advance(out.chunk().len());
    }
}
