//! Traits for generic code: [`Codec`], [`Connection`] and [`Lifecycle`].

use super::step::Step;
#[cfg(feature = "alloc")]
use super::{fields::Fields, outbox::Outbox, step::Wants, time::Instant};

/// Bytes that a decoder reads: a shared slice, or a mutable one if the decoder works in place.
pub trait Input<'b>: Sized {
    /// Input from bytes that the decoder may overwrite.
    fn new(bytes: &'b mut [u8]) -> Self;

    /// The remaining bytes.
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

/// A codec: turns bytes into items, without time, policy or output.
///
/// Every decoder has inherent methods of the same names; the trait is for code that is generic over
/// decoders.
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
    /// The input that the codec reads.
    type Input<'b>: Input<'b>;
    /// The items that the codec yields: `'b` borrows from the input, `'m` also from the codec, which
    /// joins units that arrive in pieces.
    type Item<'m, 'b: 'm>
    where
        Self: 'm;
    /// The error of invalid input.
    type Error;

    /// Decodes the next item, and advances `input` past the bytes it used.
    ///
    /// # Errors
    ///
    /// The first fault of the input. Later calls return the same error until [`reset`](Self::reset).
    fn decode<'m, 'b: 'm>(
        &'m mut self,
        input: &mut Self::Input<'b>,
    ) -> Result<Step<Self::Item<'m, 'b>>, Self::Error>;

    /// Reports the peer's end of stream. Returns at most one more item; every later call returns `None`.
    ///
    /// # Errors
    ///
    /// The stream ended inside a unit that is not delimited by the end of the stream.
    fn finish(&mut self) -> Result<Option<Self::Item<'_, 'static>>, Self::Error>;

    /// Prepares the codec for another stream.
    fn reset(&mut self);
}

/// Implements [`Codec`] by calling the decoder's inherent methods of the same names.
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

/// A connection with both halves: codecs with time, policy and output.
///
/// [`h1::Client`](crate::h1::Client), [`h1::Server`](crate::h1::Server) and
/// [`ws::Session`](crate::ws::Session) are connections. A driver that is generic over this trait runs
/// all of them:
///
/// ```
/// use bytes::Buf;
/// use wirefeed::{Connection, Input, Instant, Step, ws};
///
/// /// An application. (A trait and not a closure: a closure cannot be generic over both lifetimes of
/// /// an event.)
/// trait Application<C: Connection> {
///     fn handle(&mut self, event: C::Event<'_, '_>, sender: &mut C::Sender);
/// }
///
/// /// Takes the bytes that the socket read, and returns the bytes to write.
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
    /// The input that the connection reads.
    type Input<'b>: Input<'b>;
    /// The events that the connection yields.
    type Event<'m, 'b: 'm>
    where
        Self: 'm;
    /// The error of invalid input from the peer.
    type Error;
    /// The sending half, which takes the commands.
    type Sender;

    /// Decodes the next event and borrows the sending half, so that a handler can send while it holds
    /// the event.
    ///
    /// # Errors
    ///
    /// The peer's first fault. The connection may still have a response to write: keep driving it until
    /// [`wants`](Self::wants) returns an [`End`](crate::End).
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

    /// Reports the peer's end of stream.
    ///
    /// # Errors
    ///
    /// The stream ended inside a unit.
    fn receive_eof(&mut self, now: Instant) -> Result<(), Self::Error>;

    /// The sending half.
    fn sender(&mut self) -> &mut Self::Sender;

    /// The pending output: write it to the socket and advance by the bytes written.
    fn output(&mut self) -> &mut Outbox;

    /// Whether output is pending.
    fn has_output(&self) -> bool;

    /// The moment at which the driver must call [`handle_timeout`](Self::handle_timeout), unless another
    /// call changes it first.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Advances the time.
    fn handle_timeout(&mut self, now: Instant);

    /// What the driver must do after it has written the output.
    fn wants(&self) -> Wants;

    /// Frees the buffers that hold no incomplete unit.
    fn release(&mut self);
}

/// Implements [`Connection`] for a type with the halves `rx` and `tx` by calling its inherent methods of
/// the same names.
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

            fn has_output(&self) -> bool {
                self.has_output()
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

/// A request over any version of HTTP: it tells the caller when to connect, takes the outcome, and
/// yields events.
///
/// Calls with the number of an attempt that has ended have no effect. Only [`receive`](Self::receive)
/// yields events.
#[cfg(feature = "alloc")]
pub trait Lifecycle {
    /// An action that the caller must take.
    type Command<'m>
    where
        Self: 'm;
    /// The events that the lifecycle yields.
    type Event<'m, 'b: 'm>
    where
        Self: 'm;

    /// Returns the next command. Each command is returned once.
    fn poll_command(&mut self) -> Option<Self::Command<'_>>;

    /// Reports the head of the response.
    fn response_head(
        &mut self,
        attempt: u64,
        status: u16,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    );

    /// Decodes some of the response's content, and yields the next event.
    fn receive<'m, 'b: 'm>(
        &'m mut self,
        attempt: u64,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Step<Self::Event<'m, 'b>>;

    /// Reports the end of the response's content.
    fn response_end(&mut self, attempt: u64, now: Instant);

    /// Reports that the connection could not be opened, or broke.
    fn transport_error(&mut self, attempt: u64, now: Instant);

    /// The moment at which the caller must call [`handle_timeout`](Self::handle_timeout), unless another
    /// call changes it first.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Advances the time.
    fn handle_timeout(&mut self, now: Instant);

    /// Frees the buffers that hold no incomplete event.
    fn release(&mut self);
}
