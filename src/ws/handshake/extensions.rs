//! `Sec-WebSocket-Extensions`, and the negotiation of permessage-deflate (RFC 7692 5 and 7.1).

use crate::kernel::debug::debug;
use core::fmt;

use super::error::Failure;
use crate::Fields;
use crate::kernel::grammar::{self, Element, Malformed, Value};

/// The base-2 logarithm of the size in bytes of a window to compress with: 9 to 15.
///
/// RFC 7692 7.1.2 allows 8 too. zlib cannot compress with such a window, so this side never agrees to
/// one for its own messages; it inflates a peer's messages whatever their window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// A window of 512 bytes.
    pub const MIN: Self = Self(9);
    /// A window of 32 KiB: the default.
    pub const MAX: Self = Self(15);

    /// A window of `1 << bits` bytes; `None` unless `bits` is 9 to 15.
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

/// What one side wants of permessage-deflate: [`offer`](Self::offer) and [`verify`](Self::verify) are
/// the client's, [`answer`](Self::answer) is the server's.
///
/// ```
/// use wirefeed::ws::handshake::DeflateConfig;
///
/// let (client, server) = (DeflateConfig::client(), DeflateConfig::server());
/// let offer = client.offer();
/// assert_eq!(offer.as_str(), "permessage-deflate; client_max_window_bits");
///
/// let request = [("Sec-WebSocket-Extensions", offer)];
/// let Ok(Some((params, answer))) = server.answer(&request) else { unreachable!() };
/// assert_eq!(
///     answer.as_str(),
///     "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
/// );
///
/// let response = [("Sec-WebSocket-Extensions", answer)];
/// assert_eq!(client.verify(&response)?, Some(params));
/// # Ok::<(), wirefeed::ws::handshake::Failure>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeflateConfig {
    /// The server compresses each message without reference to earlier ones (RFC 7692 7.1.1.1): a
    /// client requests it, a server announces it.
    pub server_no_context_takeover: bool,
    /// The client compresses each message without reference to earlier ones (7.1.1.2): a client
    /// announces it, a server requests it.
    pub client_no_context_takeover: bool,
    /// The largest window for the server's messages (7.1.2.1): a client requests it, a server
    /// announces it. `None` omits the parameter.
    pub server_max_window_bits: Option<WindowBits>,
    /// The largest window for the client's messages (7.1.2.2): a client lets the server choose one up
    /// to this size, a server chooses it. `None` omits the parameter.
    pub client_max_window_bits: Option<WindowBits>,
}

impl DeflateConfig {
    /// What browsers offer: any window, and context takeover.
    pub const fn client() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: None,
            client_max_window_bits: Some(WindowBits::MAX),
        }
    }

    /// No context takeover on either side, so that an idle session holds no window.
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

    /// A server's answer to the offers in the fields of a request: what is agreed on, and the value of
    /// `Sec-WebSocket-Extensions` for the response. It accepts the first offer of permessage-deflate
    /// that it can (RFC 7692 5.1). `None` if it can accept no offer: messages stay uncompressed, and the
    /// response omits the field.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if a field is not a list of extensions (RFC 6455 9.1); as a
    /// [`Refusal`](super::Refusal) it is a 400.
    pub fn answer(
        &self,
        fields: &(impl Fields + ?Sized),
    ) -> Result<Option<(DeflateParams, ExtensionValue)>, Malformed> {
        let mut answer = None;
        for offer in elements(fields) {
            let offer = offer?;
            if answer.is_none() && offer.name == NAME {
                answer = Parameters::read(&offer, true).and_then(|offer| self.accept(&offer));
            }
        }
        Ok(answer)
    }

    /// Accepts an offer, or declines it.
    fn accept(&self, offer: &Parameters) -> Option<(DeflateParams, ExtensionValue)> {
        // 7.1.2.1: a server declines an offer with a window that it does not support.
        let requested = match offer.server_bits {
            Some(bits) => Some(WindowBits::new(bits)?),
            None => None,
        };
        // 7.1.2.1: the answer includes it if it was requested, with that value or a smaller one.
        let server_bits = requested.into_iter().chain(self.server_max_window_bits).min();
        // 7.1.2.2: the answer may include it only if the offer does. A server may ignore the value, which
        // is a hint; it ignores 8, since an answer could only repeat that.
        let client_bits = match offer.client_bits {
            ClientBits::Absent | ClientBits::Value(..=8) => None,
            ClientBits::Any => self.client_max_window_bits,
            ClientBits::Value(bits) => {
                self.client_max_window_bits.map(|ours| ours.min(WindowBits(bits)))
            }
        };
        let params = DeflateParams {
            // 7.1.1.1 and 7.1.1.2: the answer includes them if they were requested, and may without.
            server_no_context_takeover: offer.server_no_takeover || self.server_no_context_takeover,
            client_no_context_takeover: offer.client_no_takeover || self.client_no_context_takeover,
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
        Some((params, value))
    }

    /// What a client with this configuration has agreed on with the server, whose response has these
    /// fields; `None` if the server declined permessage-deflate.
    ///
    /// # Errors
    ///
    /// [`Failure::Extension`] if the response accepts another extension, or permessage-deflate twice or
    /// with parameters that the offer does not allow (RFC 7692 7.1).
    pub fn verify(
        &self,
        fields: &(impl Fields + ?Sized),
    ) -> Result<Option<DeflateParams>, Failure> {
        let mut all = elements(fields);
        let Some(first) = all.next() else { return Ok(None) };
        match first {
            Ok(answer) if answer.name == NAME && all.next().is_none() => {
                let answer = Parameters::read(&answer, false);
                let agreed = answer.and_then(|answer| self.agree(&answer));
                agreed.map(Some).ok_or(Failure::Extension)
            }
            _ => Err(Failure::Extension),
        }
    }

    /// What is agreed on with this answer; `None` if the offer does not allow it.
    fn agree(&self, answer: &Parameters) -> Option<DeflateParams> {
        // 7.1.1.1: the answer includes it if it was requested.
        if self.server_no_context_takeover && !answer.server_no_takeover {
            return None;
        }
        // 7.1.2.1: likewise, with the requested value or a smaller one.
        let server_max_window_bits = match (self.server_max_window_bits, answer.server_bits) {
            (None, None) => WindowBits::MAX,
            (Some(_), None) => return None,
            (Some(most), Some(bits)) if bits > most.0 => return None,
            // A larger window than the peer compresses with is harmless.
            (_, Some(bits)) => WindowBits(bits).max(WindowBits::MIN),
        };
        // 7.1.2.2: the answer may include it only if the offer does, with that value or a smaller one.
        let client_max_window_bits = match (self.client_max_window_bits, answer.client_bits) {
            (ours, ClientBits::Absent) => ours.unwrap_or_default(),
            (Some(most), ClientBits::Value(bits)) if bits <= most.0 => {
                WindowBits(bits).max(WindowBits::MIN)
            }
            _ => return None,
        };
        Some(DeflateParams {
            server_no_context_takeover: answer.server_no_takeover,
            // 7.1.1.2: a client that has announced it must do it, whatever the answer.
            client_no_context_takeover: answer.client_no_takeover
                || self.client_no_context_takeover,
            server_max_window_bits,
            client_max_window_bits,
            client_uncompressed: answer.client_bits == ClientBits::Value(8),
        })
    }
}

/// The parameters of permessage-deflate that both sides have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeflateParams {
    /// The server compresses each message without reference to earlier ones.
    pub server_no_context_takeover: bool,
    /// The client compresses each message without reference to earlier ones.
    pub client_no_context_takeover: bool,
    /// The largest window for the server's messages.
    pub server_max_window_bits: WindowBits,
    /// The largest window for the client's messages.
    pub client_max_window_bits: WindowBits,
    /// The client sends its messages uncompressed, as it always may (RFC 7692 6): the server allows only
    /// a window of 8 bits, with which zlib cannot compress.
    pub client_uncompressed: bool,
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
        // Cannot fail: it consists of ASCII.
        core::str::from_utf8(self.as_ref()).unwrap_or_default()
    }

    fn flags(&mut self, server: bool, client: bool) {
        if server {
            self.put(SERVER_NO_TAKEOVER);
        }
        if client {
            self.put(CLIENT_NO_TAKEOVER);
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

    /// The bytes fit: `LONGEST` counts every parameter once, with its longest value.
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

debug!([] ExtensionValue, self, f => fmt::Debug::fmt(self.as_str(), f));

/// The parameters of one offer or answer.
#[derive(Default)]
struct Parameters {
    server_no_takeover: bool,
    client_no_takeover: bool,
    /// 8 to 15.
    server_bits: Option<u8>,
    client_bits: ClientBits,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum ClientBits {
    #[default]
    Absent,
    /// Without a value, which only an offer may omit.
    Any,
    /// 8 to 15.
    Value(u8),
}

impl Parameters {
    /// Reads the parameters; `None` if one is unknown, repeated, or has an invalid value (RFC 7692
    /// 7.1).
    fn read(element: &Element<'_>, is_offer: bool) -> Option<Self> {
        let mut found = Self::default();
        for parameter in element.parameters {
            let is_repeated = match parameter.name {
                SERVER_NO_TAKEOVER => {
                    absent(parameter.value)?;
                    core::mem::replace(&mut found.server_no_takeover, true)
                }
                CLIENT_NO_TAKEOVER => {
                    absent(parameter.value)?;
                    core::mem::replace(&mut found.client_no_takeover, true)
                }
                SERVER_BITS => found.server_bits.replace(window_bits(parameter.value?)?).is_some(),
                CLIENT_BITS => {
                    let bits = match parameter.value {
                        None if is_offer => ClientBits::Any,
                        None => return None,
                        Some(value) => ClientBits::Value(window_bits(value)?),
                    };
                    core::mem::replace(&mut found.client_bits, bits) != ClientBits::Absent
                }
                _ => return None,
            };
            if is_repeated {
                return None;
            }
        }
        Some(found)
    }
}

/// 7.1.1: the parameter has no value, not even an empty one.
fn absent(value: Option<Value<'_>>) -> Option<()> {
    value.is_none().then_some(())
}

/// 7.1.2: a decimal integer from 8 to 15 without leading zeros, quoted or not.
fn window_bits(value: Value<'_>) -> Option<u8> {
    let mut bytes = value.bytes();
    match (bytes.next(), bytes.next(), bytes.next()) {
        (Some(digit @ b'8'..=b'9'), None, _) => Some(digit - b'0'),
        (Some(b'1'), Some(digit @ b'0'..=b'5'), None) => Some(10 + digit - b'0'),
        _ => None,
    }
}

/// Whether this is a list of at least one extension (RFC 6455 9.1).
#[cfg(feature = "alloc")]
pub(super) fn are_valid(list: &str) -> bool {
    let mut elements = grammar::elements(list.as_bytes()).peekable();
    elements.peek().is_some() && elements.all(|element| element.is_ok())
}

/// The extensions that the fields list, in order.
pub(super) fn elements(
    fields: &(impl Fields + ?Sized),
) -> impl Iterator<Item = Result<Element<'_>, Malformed>> {
    fields.values_of("sec-websocket-extensions").flat_map(grammar::elements)
}

const NAME: &[u8] = b"permessage-deflate";
const SERVER_NO_TAKEOVER: &[u8] = b"server_no_context_takeover";
const CLIENT_NO_TAKEOVER: &[u8] = b"client_no_context_takeover";
const SERVER_BITS: &[u8] = b"server_max_window_bits";
const CLIENT_BITS: &[u8] = b"client_max_window_bits";

/// The name and all parameters: each after `; `, the last two with `=15`.
const LONGEST: usize = NAME.len()
    + SERVER_NO_TAKEOVER.len()
    + CLIENT_NO_TAKEOVER.len()
    + SERVER_BITS.len()
    + CLIENT_BITS.len()
    + 4 * 2
    + 2 * 3;

#[cfg(all(test, feature = "alloc"))]
mod tests;
