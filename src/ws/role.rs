//! Which side of a connection a machine is: what it expects and how it masks.

use super::frame::Expect;
use crate::Entropy;

/// A side of a connection: [`Server`] or [`Client`].
pub trait Role: sealed::Role {}

/// The server's side: it receives masked frames and sends plain ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct Server;

/// The client's side: it receives plain frames and sends masked ones, with keys from the caller's
/// [`Entropy`].
#[derive(Clone, Copy)]
pub struct Client<E>(pub E);

impl<E> core::fmt::Debug for Client<E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Client")
    }
}

impl Role for Server {}
impl<E: Entropy> Role for Client<E> {}

impl sealed::Role for Server {
    const EXPECT: Expect = Expect::Masked;

    fn mask_key(&mut self) -> Option<[u8; 4]> {
        None
    }
}

impl<E: Entropy> sealed::Role for Client<E> {
    const EXPECT: Expect = Expect::Unmasked;

    fn mask_key(&mut self) -> Option<[u8; 4]> {
        Some(self.0.mask_key())
    }
}

mod sealed {
    use super::Expect;

    #[expect(unnameable_types, reason = "sealed: a connection has two sides")]
    pub trait Role {
        /// Which frames this side receives.
        const EXPECT: Expect;

        /// Whether this side masks what it sends.
        const MASKS: bool = matches!(Self::EXPECT, Expect::Unmasked);

        /// The key for the next frame that this side sends.
        fn mask_key(&mut self) -> Option<[u8; 4]>;
    }
}
