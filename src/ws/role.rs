//! Which side of a connection a machine is: what it expects and how it masks.

use crate::Entropy;
use crate::kernel::debug::debug;
use crate::ws::frame::Masking;

/// A side of a connection: [`ServerRole`] or [`ClientRole`].
pub trait Role: sealed::Role {}

/// The server's side: it receives masked frames and sends plain ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerRole;

/// The client's side: it receives plain frames and sends masked ones, with keys from the caller's
/// [`Entropy`].
#[derive(Clone, Copy)]
pub struct ClientRole<E>(pub E);

debug!([E] ClientRole<E>, self, f => f.write_str("ClientRole"));

impl Role for ServerRole {}
impl<E: Entropy> Role for ClientRole<E> {}

impl sealed::Role for ServerRole {
    const MASKING: Masking = Masking::Masked;

    fn mask_key(&mut self) -> Option<[u8; 4]> {
        None
    }
}

impl<E: Entropy> sealed::Role for ClientRole<E> {
    const MASKING: Masking = Masking::Unmasked;

    fn mask_key(&mut self) -> Option<[u8; 4]> {
        Some(self.0.mask_key())
    }
}

mod sealed {
    use super::Masking;

    #[expect(unnameable_types, reason = "sealed: a connection has two sides")]
    pub trait Role {
        /// Which frames this side receives.
        const MASKING: Masking;

        /// Whether this side masks what it sends.
        const MASKS: bool = matches!(Self::MASKING, Masking::Unmasked);

        /// The key for the next frame that this side sends.
        fn mask_key(&mut self) -> Option<[u8; 4]>;
    }
}
