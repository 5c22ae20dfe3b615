//! `Sec-WebSocket-Extensions` and the negotiation of permessage-deflate (RFC 7692 5 and 7.1).
//!
//! ```text
//!  client                                            server
//!  DeflateConfig::offer ──▶ permessage-deflate; client_max_window_bits
//!                                                    DeflateConfig::answer ──▶ DeflateParams
//!       permessage-deflate; server_no_context_takeover ◀── DeflateAnswer::value
//!  DeflateConfig::verify ──▶ DeflateParams
//! ```
//!
//! Nothing here compresses: with the feature `deflate`, `ws::deflate` does.

use core::fmt;

use super::Failure;
use crate::Fields;
use crate::kernel::grammar::{self, Element, Malformed, Value};

/// The base-2 logarithm of the size of a window to compress with: 9 to 15.
///
/// RFC 7692 7.1.2 has windows of 8 bits too. zlib cannot compress with them, so that none is ever
/// agreed on for this side's messages; a peer's are inflated as well as any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// A window of 512 bytes.
    pub const MIN: Self = Self(9);
    /// A window of 32 KiB, the one where nothing is said.
    pub const MAX: Self = Self(15);

    /// Windows of `1 << bits` bytes; none unless `bits` is 9 to 15.
    ///
    /// ```
    /// use wirefeed::ws::handshake::WindowBits;
    /// assert_eq!(WindowBits::new(15), Some(WindowBits::MAX));
    /// assert_eq!(WindowBits::new(8), None);
    /// ```
    pub const fn new(bits: u8) -> Option<Self> {
        if bits < Self::MIN.0 || bits > Self::MAX.0 { None } else { Some(Self(bits)) }
    }

    /// The number of bits.
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl Default for WindowBits {
    fn default() -> Self {
        Self::MAX
    }
}

/// What one side wants of permessage-deflate.
///
/// ```
/// use wirefeed::ws::handshake::DeflateConfig;
///
/// let (client, server) = (DeflateConfig::client(), DeflateConfig::server());
/// let offer = client.offer();
/// assert_eq!(offer.as_str(), "permessage-deflate; client_max_window_bits");
///
/// let request = [("Sec-WebSocket-Extensions", offer)];
/// let Ok(Some(answer)) = server.answer(&request) else { unreachable!() };
/// assert_eq!(
///     answer.value().as_str(),
///     "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
/// );
///
/// let response = [("Sec-WebSocket-Extensions", answer.value())];
/// assert_eq!(client.verify(&response)?, Some(answer.params()));
/// # Ok::<(), wirefeed::ws::handshake::Failure>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeflateConfig {
    /// Each message of the server's is to stand alone (RFC 7692 7.1.1.1): a client asks for it, a
    /// server says so by itself.
    pub server_no_context_takeover: bool,
    /// Each message of the client's is to stand alone (7.1.1.2): a client says so by itself, a
    /// server asks for it.
    pub client_no_context_takeover: bool,
    /// The largest window for the server's messages (7.1.2.1): a client asks for it, a server says
    /// so by itself. `None` leaves it unsaid.
    pub server_max_window_bits: Option<WindowBits>,
    /// The largest window for the client's messages (7.1.2.2). With `None` a client does not let
    /// the server choose, and a server does not.
    pub client_max_window_bits: Option<WindowBits>,
}

impl DeflateConfig {
    /// What browsers offer: any window, and contexts that are kept.
    pub const fn client() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: None,
            client_max_window_bits: Some(WindowBits::MAX),
        }
    }

    /// Messages that stand alone on both sides, so that a session that is idle holds no window.
    pub const fn server() -> Self {
        Self {
            server_no_context_takeover: true,
            client_no_context_takeover: true,
            server_max_window_bits: None,
            client_max_window_bits: None,
        }
    }

    /// A client's offer, the value of `Sec-WebSocket-Extensions`.
    pub fn offer(&self) -> ExtensionValue {
        let mut value = ExtensionValue::new();
        value.flags(self.server_no_context_takeover, self.client_no_context_takeover);
        if let Some(bits) = self.server_max_window_bits {
            value.bits(SERVER_BITS, bits.0);
        }
        match self.client_max_window_bits {
            Some(WindowBits::MAX) => value.put(CLIENT_BITS),
            Some(bits) => value.bits(CLIENT_BITS, bits.0),
            None => {}
        }
        value
    }

    /// A server's answer to what the fields of a request offer: to the first offer of
    /// permessage-deflate that it can accept. `None` where there is none: the connection then goes
    /// without, and no extension is answered.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where a field is no list of extensions: the request is to be refused with 400
    /// (RFC 6455 9.1).
    pub fn answer(
        &self,
        fields: &(impl Fields + ?Sized),
    ) -> Result<Option<DeflateAnswer>, Malformed> {
        let mut answer = None;
        for offer in extensions(fields) {
            let offer = offer?;
            if answer.is_none() && offer.name == NAME {
                answer = Said::read(&offer, true).and_then(|offer| self.accept(&offer));
            }
        }
        Ok(answer)
    }

    /// Accepts an offer, or declines it.
    fn accept(&self, offer: &Said) -> Option<DeflateAnswer> {
        // 7.1.2.1: a window that cannot be had declines the offer.
        let asked = match offer.server_bits {
            Some(bits) => Some(WindowBits::new(bits)?),
            None => None,
        };
        // 7.1.2.1: in the answer if it was asked for, with that value or a smaller one.
        let server_bits = asked.into_iter().chain(self.server_max_window_bits).min();
        // 7.1.2.2: only where it was offered. What the client says of itself may be ignored; 8 bits
        // are, since an answer could only repeat them.
        let client_bits = match offer.client_bits {
            ClientBits::Absent | ClientBits::Value(..=8) => None,
            ClientBits::Any => self.client_max_window_bits,
            ClientBits::Value(bits) => {
                self.client_max_window_bits.map(|ours| ours.min(WindowBits(bits)))
            }
        };
        let params = DeflateParams {
            // 7.1.1.1 and 7.1.1.2: in the answer if asked for, and may be there by itself.
            server_no_context_takeover: offer.server_alone || self.server_no_context_takeover,
            client_no_context_takeover: offer.client_alone || self.client_no_context_takeover,
            server_max_window_bits: server_bits.unwrap_or_default(),
            client_max_window_bits: client_bits.unwrap_or_default(),
            client_uncompressed: false,
        };
        let mut value = ExtensionValue::new();
        value.flags(params.server_no_context_takeover, params.client_no_context_takeover);
        if let Some(bits) = server_bits {
            value.bits(SERVER_BITS, bits.0);
        }
        if let Some(bits) = client_bits {
            value.bits(CLIENT_BITS, bits.0);
        }
        Some(DeflateAnswer { params, value })
    }

    /// What a client that has offered this has agreed on with the server, whose answer has these
    /// fields; `None` where permessage-deflate was declined.
    ///
    /// # Errors
    ///
    /// [`Failure::Extension`]: another extension, permessage-deflate more than once, or an answer
    /// that does not fit the offer (RFC 7692 7.1).
    pub fn verify(
        &self,
        fields: &(impl Fields + ?Sized),
    ) -> Result<Option<DeflateParams>, Failure> {
        let mut all = extensions(fields);
        let Some(first) = all.next() else { return Ok(None) };
        match first {
            Ok(answer) if answer.name == NAME && all.next().is_none() => {
                let answer = Said::read(&answer, false);
                let agreed = answer.and_then(|answer| self.agree(&answer));
                agreed.map(Some).ok_or(Failure::Extension)
            }
            _ => Err(Failure::Extension),
        }
    }

    /// What was agreed on with a server that gives this answer, unless it does not fit the offer.
    fn agree(&self, answer: &Said) -> Option<DeflateParams> {
        // 7.1.1.1: what was asked for is in the answer.
        if self.server_no_context_takeover && !answer.server_alone {
            return None;
        }
        // 7.1.2.1: so is this, with the value asked for or a smaller one.
        let server_max_window_bits = match (self.server_max_window_bits, answer.server_bits) {
            (None, None) => WindowBits::MAX,
            (Some(_), None) => return None,
            (Some(most), Some(bits)) if bits > most.0 => return None,
            // To inflate with more than the peer compresses with does no harm.
            (_, Some(bits)) => WindowBits(bits).max(WindowBits::MIN),
        };
        // 7.1.2.2: only where it was offered, and not above what was offered.
        let client_max_window_bits = match (self.client_max_window_bits, answer.client_bits) {
            (ours, ClientBits::Absent) => ours.unwrap_or_default(),
            (Some(most), ClientBits::Value(bits)) if bits <= most.0 => {
                WindowBits(bits).max(WindowBits::MIN)
            }
            _ => return None,
        };
        Some(DeflateParams {
            server_no_context_takeover: answer.server_alone,
            // 7.1.1.2: whoever has announced it keeps to it.
            client_no_context_takeover: answer.client_alone || self.client_no_context_takeover,
            server_max_window_bits,
            client_max_window_bits,
            client_uncompressed: answer.client_bits == ClientBits::Value(8),
        })
    }
}

/// What both sides have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeflateParams {
    /// Each message of the server's stands alone.
    pub server_no_context_takeover: bool,
    /// Each message of the client's stands alone.
    pub client_no_context_takeover: bool,
    /// The largest window for the server's messages.
    pub server_max_window_bits: WindowBits,
    /// The largest window for the client's messages.
    pub client_max_window_bits: WindowBits,
    /// The client sends its messages plain, as it always may (RFC 7692 6): the server allows it a window
    /// of 8 bits alone, which zlib cannot compress with.
    pub client_uncompressed: bool,
}

/// A server's answer to an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeflateAnswer {
    params: DeflateParams,
    value: ExtensionValue,
}

impl DeflateAnswer {
    /// What is agreed on when this is answered.
    pub const fn params(&self) -> DeflateParams {
        self.params
    }

    /// The value of `Sec-WebSocket-Extensions` in the answer.
    pub const fn value(&self) -> &ExtensionValue {
        &self.value
    }
}

/// A value of `Sec-WebSocket-Extensions`, at most 128 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ExtensionValue {
    bytes: [u8; LONGEST],
    len: u8,
}

impl ExtensionValue {
    fn new() -> Self {
        let mut value = Self { bytes: [0; LONGEST], len: 0 };
        value.append(NAME);
        value
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        // It is made of ASCII alone.
        core::str::from_utf8(self.as_ref()).unwrap_or_default()
    }

    fn flags(&mut self, server_alone: bool, client_alone: bool) {
        if server_alone {
            self.put(SERVER_ALONE);
        }
        if client_alone {
            self.put(CLIENT_ALONE);
        }
    }

    fn put(&mut self, name: &[u8]) {
        self.append(b"; ");
        self.append(name);
    }

    fn bits(&mut self, name: &[u8], bits: u8) {
        self.put(name);
        self.append(b"=");
        let digits = [b'0' + bits / 10, b'0' + bits % 10];
        self.append(&digits[usize::from(bits < 10)..]);
    }

    /// `LONGEST` is the length of all parameters, each at its longest and once.
    fn append(&mut self, bytes: &[u8]) {
        let from = usize::from(self.len);
        self.bytes[from..from + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u8;
    }
}

impl AsRef<[u8]> for ExtensionValue {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for ExtensionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The parameters of one offer or answer, well-formed.
#[derive(Default)]
struct Said {
    server_alone: bool,
    client_alone: bool,
    /// 8 to 15.
    server_bits: Option<u8>,
    client_bits: ClientBits,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum ClientBits {
    #[default]
    Absent,
    /// Without a value, which only an offer may be.
    Any,
    /// 8 to 15.
    Value(u8),
}

impl Said {
    /// Reads the parameters; `None` where one is unknown, repeated, or has a value that is not
    /// allowed (RFC 7692 7.1).
    fn read(element: &Element<'_>, is_offer: bool) -> Option<Self> {
        let mut said = Self::default();
        for parameter in element.parameters {
            let again = match parameter.name {
                SERVER_ALONE => {
                    absent(parameter.value)?;
                    core::mem::replace(&mut said.server_alone, true)
                }
                CLIENT_ALONE => {
                    absent(parameter.value)?;
                    core::mem::replace(&mut said.client_alone, true)
                }
                SERVER_BITS => said.server_bits.replace(window_bits(parameter.value?)?).is_some(),
                CLIENT_BITS => {
                    let bits = match parameter.value {
                        None if is_offer => ClientBits::Any,
                        None => return None,
                        Some(value) => ClientBits::Value(window_bits(value)?),
                    };
                    core::mem::replace(&mut said.client_bits, bits) != ClientBits::Absent
                }
                _ => return None,
            };
            if again {
                return None;
            }
        }
        Some(said)
    }
}

/// 7.1.1: these have no value, not even an empty one.
fn absent(value: Option<Value<'_>>) -> Option<()> {
    value.is_none().then_some(())
}

/// 7.1.2: a decimal integer from 8 to 15 without leading zeros, in quotes or not.
fn window_bits(value: Value<'_>) -> Option<u8> {
    let mut bytes = value.bytes();
    match (bytes.next(), bytes.next(), bytes.next()) {
        (Some(digit @ b'8'..=b'9'), None, _) => Some(digit - b'0'),
        (Some(b'1'), Some(digit @ b'0'..=b'5'), None) => Some(10 + digit - b'0'),
        _ => None,
    }
}

/// The extensions that the fields list, in order.
fn extensions(
    fields: &(impl Fields + ?Sized),
) -> impl Iterator<Item = Result<Element<'_>, Malformed>> {
    fields.values_of("sec-websocket-extensions").flat_map(grammar::elements)
}

const NAME: &[u8] = b"permessage-deflate";
const SERVER_ALONE: &[u8] = b"server_no_context_takeover";
const CLIENT_ALONE: &[u8] = b"client_no_context_takeover";
const SERVER_BITS: &[u8] = b"server_max_window_bits";
const CLIENT_BITS: &[u8] = b"client_max_window_bits";

/// All parameters, each after `; `, the last two with `=15`.
const LONGEST: usize = NAME.len()
    + SERVER_ALONE.len()
    + CLIENT_ALONE.len()
    + SERVER_BITS.len()
    + CLIENT_BITS.len()
    + 4 * 2
    + 2 * 3;

#[cfg(all(test, feature = "alloc"))]
mod tests;
