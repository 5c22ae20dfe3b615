//! The pseudo-header fields of an extended CONNECT request.

use core::fmt;

use super::error::{Refusal, RefusalKind};
use crate::Fields;

/// The pseudo-header fields of a request (RFC 9113 8.3.1, RFC 8441 4).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct PseudoFields<'a> {
    /// `:method`
    pub method: Option<&'a [u8]>,
    /// `:protocol`
    pub protocol: Option<&'a [u8]>,
    /// `:scheme`
    pub scheme: Option<&'a [u8]>,
    /// `:path`
    pub path: Option<&'a [u8]>,
    /// `:authority`
    pub authority: Option<&'a [u8]>,
}

/// Prints the length of each value.
impl fmt::Debug for PseudoFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = |value: Option<&[u8]>| value.map(<[u8]>::len);
        f.debug_struct("PseudoFields")
            .field("method", &len(self.method))
            .field("protocol", &len(self.protocol))
            .field("scheme", &len(self.scheme))
            .field("path", &len(self.path))
            .field("authority", &len(self.authority))
            .finish()
    }
}

impl<'a> PseudoFields<'a> {
    /// Finds the pseudo-header fields in a decoded field section. An HTTP library that hands them out
    /// apart from the other fields needs no such search: set the members of this struct.
    ///
    /// # Errors
    ///
    /// [`RefusalKind::Malformed`] if one is unknown, repeated, or follows a regular field (RFC 9113
    /// 8.3).
    pub fn read(fields: &'a (impl Fields + ?Sized)) -> Result<Self, Refusal> {
        let malformed = Err(Refusal { kind: RefusalKind::Malformed, is_connect: true });
        let (mut pseudo, mut is_over) = (Self::default(), false);
        for field in fields.fields() {
            if !field.name.starts_with(':') {
                is_over = true;
                continue;
            }
            let place = match field.name {
                ":method" => &mut pseudo.method,
                ":protocol" => &mut pseudo.protocol,
                ":scheme" => &mut pseudo.scheme,
                ":path" => &mut pseudo.path,
                ":authority" => &mut pseudo.authority,
                _ => return malformed,
            };
            if is_over || place.replace(field.value).is_some() {
                return malformed;
            }
        }
        Ok(pseudo)
    }
}
