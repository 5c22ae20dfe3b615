//! One trait for codecs, one for connections, one for lifecycles.

use super::step::Step;
#[cfg(feature = "alloc")]
use super::{fields::Fields, outbox::Outbox, step::Wants, time::Instant};

/// Bytes that a decoder reads: a slice, which is mutable where the decoder works in place.
pub trait Input<'b>: Sized {
    /// Input from bytes that the caller can spare.
    fn new(bytes: &'b mut [u8]) -> Self;

    /// The bytes that are left.
    fn bytes(&self) -> &[u8];
}

impl<'b> Input<'b> for &'b [u8] {
    fn new(bytes: &'b mut [u8]) -> Self {
        bytes
    }

    fn bytes(&self) -> &[u8] {
        self
    }
}

impl<'b> Input<'b> for &'b mut [u8] {
    fn new(bytes: &'b mut [u8]) -> Self {
        bytes
    }

    fn bytes(&self) -> &[u8] {
        self
    }
}

/// A codec: bytes to items, without time, policy or output.
///
/// Each decoder has the same methods of its own; the trait is for code that is generic over decoders.
///
/// ```
/// use wirefeed::{Codec, Input, Step, sse};
///
/// /// Counts the items of a stream.
/// fn count<C: Codec>(mut codec: C, bytes: &mut [u8]) -> Result<usize, C::Error> {
///     let (mut input, mut items) = (C::Input::new(bytes), 0);
///     while let Step::Item(_) = codec.decode(&mut input)? {
///         items += 1;
///     }
///     Ok(items + usize::from(codec.finish()?.is_some()))
/// }
///
/// let mut stream = *b"data: a\n\ndata: b\n\n";
/// assert_eq!(count(sse::Decoder::new(), &mut stream)?, 2);
/// # Ok::<(), sse::Error>(())
/// ```
pub trait Codec {
    /// What the codec reads.
    type Input<'b>: Input<'b>;
    /// What it yields: `'b` marks bytes of the input, `'m` what may have been joined in the codec.
    type Item<'m, 'b: 'm>
    where
        Self: 'm;
    /// What can be wrong with the bytes.
    type Error;

    /// Decodes the next item, and advances `input` past the bytes it used.
    ///
    /// # Errors
    ///
    /// The first fault of the bytes. The same error comes again until [`reset`](Self::reset).
    fn decode<'m, 'b: 'm>(
        &'m mut self,
        input: &mut Self::Input<'b>,
    ) -> Result<Step<Self::Item<'m, 'b>>, Self::Error>;

    /// The peer's end of stream: at most one more item, then `None` for ever.
    ///
    /// # Errors
    ///
    /// An end inside a unit, unless it is the end of the unit.
    fn finish(&mut self) -> Result<Option<Self::Item<'_, 'static>>, Self::Error>;

    /// Readies the codec for another stream.
    fn reset(&mut self);
}

/// Implements [`Codec`] by the methods of the same names that a decoder has of its own.
macro_rules! codec {
    ([$($generics:tt)*] $Decoder:ty, $Input:ty, $Item:ty, $Error:ty) => {
        impl<$($generics)*> $crate::Codec for $Decoder {
            type Input<'b> = $Input;
            type Item<'m, 'b: 'm> = $Item where Self: 'm;
            type Error = $Error;

            #[inline]
            fn decode<'m, 'b: 'm>(
                &'m mut self,
                input: &mut Self::Input<'b>,
            ) -> Result<$crate::Step<Self::Item<'m, 'b>>, Self::Error> {
                self.decode(input)
            }

            fn finish(&mut self) -> Result<Option<Self::Item<'_, 'static>>, Self::Error> {
                self.finish()
            }

            fn reset(&mut self) {
                self.reset();
            }
        }
    };
}
pub(crate) use codec;

/// Both halves of a connection: codecs with time, policy and output.
///
/// [`h1::Client`](crate::h1::Client), [`h1::Server`](crate::h1::Server) and
/// [`ws::Session`](crate::ws::Session) are connections. A driver that is written over this trait runs all
/// of them:
///
/// ```
/// use bytes::Buf;
/// use wirefeed::{Connection, Input, Instant, Step, ws};
///
/// /// An application. (No closure can take the events of every connection: their two lifetimes are bound.)
/// trait Application<C: Connection> {
///     fn handle(&mut self, event: C::Event<'_, '_>, sender: &mut C::Sender);
/// }
///
/// /// Takes what was read, and gives what is to be written.
/// fn turn<C: Connection>(
///     connection: &mut C,
///     application: &mut impl Application<C>,
///     read: &mut [u8],
///     now: Instant,
/// ) -> Result<Vec<u8>, C::Error> {
///     let mut input = C::Input::new(read);
///     while let (Step::Item(event), sender) = connection.receive_with_sender(&mut input, now)? {
///         application.handle(event, sender);
///     }
///     let output = connection.output();
///     Ok(output.copy_to_bytes(output.remaining()).into())
/// }
///
/// struct Count(usize);
/// impl<C: Connection> Application<C> for Count {
///     fn handle(&mut self, _: C::Event<'_, '_>, _: &mut C::Sender) {
///         self.0 += 1;
///     }
/// }
///
/// let session = ws::Session::new(ws::ServerRole, ws::Config::default(), Instant::ZERO);
/// let (mut session, mut count) = (session, Count(0));
/// let mut ping = *b"\x89\x80\0\0\0\0";
/// let written = turn(&mut session, &mut count, &mut ping, Instant::ZERO)?;
/// assert_eq!((&written[..], count.0), (&b"\x8a\x00"[..], 1));
/// # Ok::<(), ws::Error>(())
/// ```
#[cfg(feature = "alloc")]
pub trait Connection {
    /// What the connection reads.
    type Input<'b>: Input<'b>;
    /// What it yields.
    type Event<'m, 'b: 'm>
    where
        Self: 'm;
    /// What can be wrong with what the peer sent.
    type Error;
    /// The half that takes the commands.
    type Sender;

    /// Decodes the next event, and lends the sending half, so that a handler may send while it holds the
    /// event.
    ///
    /// # Errors
    ///
    /// The first fault of the peer; the connection still has an answer to write and an end: drive it until
    /// [`wants`](Self::wants) names the [`End`](crate::End).
    #[allow(clippy::type_complexity, reason = "a step and a half")]
    fn receive_with_sender<'m, 'b: 'm>(
        &'m mut self,
        input: &mut Self::Input<'b>,
        now: Instant,
    ) -> Result<(Step<Self::Event<'m, 'b>>, &'m mut Self::Sender), Self::Error>;

    /// Decodes the next event.
    ///
    /// # Errors
    ///
    /// Those of [`receive_with_sender`](Self::receive_with_sender).
    fn receive<'m, 'b: 'm>(
        &'m mut self,
        input: &mut Self::Input<'b>,
        now: Instant,
    ) -> Result<Step<Self::Event<'m, 'b>>, Self::Error> {
        Ok(self.receive_with_sender(input, now)?.0)
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// An end inside a unit.
    fn receive_eof(&mut self, now: Instant) -> Result<(), Self::Error>;

    /// The half that takes the commands.
    fn sender(&mut self) -> &mut Self::Sender;

    /// The bytes to write: write them and advance.
    fn output(&mut self) -> &mut Outbox;

    /// When [`handle_timeout`](Self::handle_timeout) is due, if nothing happens before.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Advances the time.
    fn handle_timeout(&mut self, now: Instant);

    /// What the driver must do once the output is written.
    fn wants(&self) -> Wants;

    /// Gives back the memory that no unfinished unit holds.
    fn release(&mut self);
}

/// Implements [`Connection`] by the methods of the same names that a type with the halves `rx` and `tx`
/// has of its own.
#[cfg(feature = "alloc")]
macro_rules! connection {
    ([$($generics:tt)*] $Whole:ty, $Input:ty, $Event:ty, $Error:ty, $Sender:ty) => {
        impl<$($generics)*> $crate::Connection for $Whole {
            type Input<'b> = $Input;
            type Event<'m, 'b: 'm> = $Event where Self: 'm;
            type Error = $Error;
            type Sender = $Sender;

            #[inline]
            fn receive_with_sender<'m, 'b: 'm>(
                &'m mut self,
                input: &mut Self::Input<'b>,
                now: $crate::Instant,
            ) -> Result<($crate::Step<Self::Event<'m, 'b>>, &'m mut Self::Sender), Self::Error> {
                Ok((self.rx.receive(&mut self.tx, input, now)?, &mut self.tx))
            }

            fn receive_eof(&mut self, now: $crate::Instant) -> Result<(), Self::Error> {
                self.receive_eof(now)
            }

            fn sender(&mut self) -> &mut Self::Sender {
                &mut self.tx
            }

            fn output(&mut self) -> &mut $crate::Outbox {
                self.output()
            }

            fn poll_timeout(&self) -> Option<$crate::Instant> {
                self.poll_timeout()
            }

            fn handle_timeout(&mut self, now: $crate::Instant) {
                self.handle_timeout(now);
            }

            fn wants(&self) -> $crate::Wants {
                self.wants()
            }

            fn release(&mut self) {
                self.release();
            }
        }
    };
}
#[cfg(feature = "alloc")]
pub(crate) use connection;

/// A request over any HTTP: it says when to connect, takes what becomes of it, and yields events.
///
/// An input that names an attempt which is over is ignored. Only [`receive`](Self::receive) yields events.
#[cfg(feature = "alloc")]
pub trait Lifecycle {
    /// What the caller must do.
    type Command<'m>
    where
        Self: 'm;
    /// What the lifecycle yields.
    type Event<'m, 'b: 'm>
    where
        Self: 'm;

    /// The next thing to do, once.
    fn poll_command(&mut self) -> Option<Self::Command<'_>>;

    /// The head of the response has come.
    fn response_head(
        &mut self,
        attempt: u64,
        status: u16,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    );

    /// Decodes some of the response's body, and yields the next event.
    fn receive<'m, 'b: 'm>(
        &'m mut self,
        attempt: u64,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Step<Self::Event<'m, 'b>>;

    /// The response's body is over.
    fn response_end(&mut self, attempt: u64, now: Instant);

    /// The connection failed, or broke.
    fn transport_error(&mut self, attempt: u64, now: Instant);

    /// When [`handle_timeout`](Self::handle_timeout) is due, if nothing happens before.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Advances the time.
    fn handle_timeout(&mut self, now: Instant);

    /// Gives back the memory that no unfinished event holds.
    fn release(&mut self);
}
