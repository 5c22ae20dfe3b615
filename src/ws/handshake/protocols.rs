//! Subprotocols (RFC 6455 1.9): the client's list, and the server's choice.

use crate::Fields;
use crate::kernel::{grammar, scan};

/// The subprotocols that a request offers, in the client's order of preference (RFC 6455 1.9).
pub fn protocols(fields: &(impl Fields + ?Sized)) -> impl Iterator<Item = &[u8]> {
    fields.values_of("sec-websocket-protocol").flat_map(grammar::list)
}

/// Whose order of preference decides between subprotocols that both sides support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Preference {
    /// The client's: the first of its list that the server supports.
    Client,
    /// The server's: the first of its own list that the client offers.
    Server,
}

/// Selects one of the subprotocols that a request offers and the server `supports`; `None` if they have
/// none in common. Names are compared with regard to case (RFC 6455 4.2.2).
///
/// The caller decides whether to continue without a subprotocol: RFC 6455 lets a server omit it, but a
/// browser that has offered some then fails the connection.
///
/// ```
/// use wirefeed::ws::handshake::{Preference, select_protocol};
///
/// let request = [("Sec-WebSocket-Protocol", "v3, v1, v2")];
/// let supported = ["v2", "v1"];
/// assert_eq!(select_protocol(&request, &supported, Preference::Client), Some("v1"));
/// assert_eq!(select_protocol(&request, &supported, Preference::Server), Some("v2"));
/// assert_eq!(select_protocol(&request, &["V1"], Preference::Server), None);
/// ```
pub fn select_protocol<'s>(
    fields: &(impl Fields + ?Sized),
    supported: &[&'s str],
    preference: Preference,
) -> Option<&'s str> {
    let is = |supported: &str, offered: &[u8]| supported.as_bytes() == offered;
    match preference {
        Preference::Client => protocols(fields)
            .find_map(|offered| supported.iter().find(|one| is(one, offered)).copied()),
        Preference::Server => {
            supported.iter().find(|one| protocols(fields).any(|offered| is(one, offered))).copied()
        }
    }
}

/// Whether a request lists distinct tokens, 1 to 64 of them (RFC 6455 4.1: the elements "MUST all be
/// unique strings").
pub(super) fn are_distinct_tokens(fields: &(impl Fields + ?Sized)) -> bool {
    let (mut all, mut len) = ([&[][..]; MAX_PROTOCOLS], 0);
    for name in protocols(fields) {
        let is_token = name.iter().all(|&byte| scan::is_token(byte));
        if len == MAX_PROTOCOLS || !is_token || all[..len].contains(&name) {
            return false;
        }
        all[len] = name;
        len += 1;
    }
    len > 0
}

/// Whether this may name a subprotocol (RFC 6455 4.1): a token.
#[cfg(feature = "alloc")]
pub(super) fn is_protocol(name: &str) -> bool {
    !name.is_empty() && scan::are_token(name.as_bytes())
}

/// The most subprotocols in a request. Comparing each with all others takes quadratic time, and real
/// clients offer fewer than ten.
const MAX_PROTOCOLS: usize = 64;

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::ws::handshake::RefusalKind;
    use crate::ws::handshake::server::tests::{read_upgrade, with};
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    #[test]
    fn protocols_are_listed_in_order() {
        let fields = [("Sec-WebSocket-Protocol", "a, b"), ("sec-websocket-protocol", "c")];
        assert_eq!(protocols(&fields).collect::<Vec<_>>(), [b"a", b"b", b"c"]);
        assert!(read_upgrade("GET", &with(&fields)[..]).is_ok());
    }

    #[test]
    fn protocols_are_distinct_tokens() {
        let many: Vec<String> = (0..65).map(|n| format!("p{n}")).collect();
        let read = |fields: &[&str]| {
            let fields: Vec<_> =
                fields.iter().map(|&list| ("Sec-WebSocket-Protocol", list)).collect();
            read_upgrade("GET", &with(&fields)[..]).map(|_| ())
        };
        assert_eq!(read(&["a, A"]), Ok(()));
        assert_eq!(read(&[&many[..64].join(",")]), Ok(()));
        for bad in [&["a, b, a"][..], &["a", "a"], &["a b"], &["a, /"], &[""], &[&many.join(",")]] {
            assert_eq!(read(bad), Err(RefusalKind::Protocols), "{bad:?}");
        }
    }
}
