//! Redirects (WHATWG Fetch 4.4).

use alloc::string::String;

#[cfg(doc)]
use super::Command;
use super::event::Reason;
use super::event_source::{EventSource, On, State};
use crate::{Entropy, Fields, Instant};

impl<E: Entropy> EventSource<E> {
    /// The request of this attempt now has this URL: that of a [redirect](Command::Redirect), resolved
    /// by the caller, or the last one that an HTTP has come to which follows redirects by itself.
    ///
    /// Every later [`Command::Connect`] asks there (WHATWG HTML 9.2.3: a source that comes back fetches
    /// the request that it has; Fetch 4.4: a redirect has added to the URLs of that, and the last one
    /// counts). It may be called until the attempt is over.
    ///
    /// ```
    /// use wirefeed::Instant;
    /// use wirefeed::sse::{Command, EventSource};
    ///
    /// let now = Instant::ZERO;
    /// let mut source = EventSource::new("http://a/x", Default::default(), |_: &mut [u8]| {});
    /// let Some(Command::Connect { attempt, .. }) = source.poll_command() else { unreachable!() };
    /// source.response_head(attempt, 307, &[("Location", "/y")], now);
    /// let Some(Command::Redirect { location, .. }) = source.poll_command() else { unreachable!() };
    /// let url = format!("http://a{location}"); // a library resolves it, such as `url`
    /// source.redirected(attempt, &url);
    ///
    /// source.transport_error(attempt, now);
    /// while let wirefeed::Step::Item(_) = source.receive(attempt, &mut &b""[..], now) {}
    /// source.handle_timeout(source.poll_timeout().unwrap());
    /// assert!(matches!(source.poll_command(), Some(Command::Connect { url: "http://a/y", .. })));
    /// ```
    pub fn redirected(&mut self, attempt: u64, url: &str) {
        if attempt == self.attempt && (self.state == State::Redirected || self.is_under_way()) {
            set(&mut self.url, url);
        }
    }

    pub(super) fn redirect(&mut self, fields: &(impl Fields + ?Sized), now: Instant) {
        // Two values that differ are ambiguous (RFC 9110 10.2.2: the field is not a list).
        let mut all = fields.values_of("location");
        let location = all.next().filter(|first| all.all(|other| other == *first));
        match location.and_then(|value| core::str::from_utf8(value).ok()) {
            Some(location) if self.redirects < self.config.redirects => {
                self.redirects += 1;
                set(&mut self.location, location);
                if is_absolute(location) {
                    set(&mut self.url, location);
                }
                self.state.go(On::Redirected);
            }
            _ => self.refuse(Reason::Redirects, None, now),
        }
    }
}

/// Whether a `Location` is a URL as it stands, of a scheme that HTTP has.
fn is_absolute(location: &str) -> bool {
    let (scheme, rest) = location.split_once(':').unwrap_or_default();
    let is_http = ["http", "https"].iter().any(|http| scheme.eq_ignore_ascii_case(http));
    is_http && rest.starts_with("//")
}

/// Takes a text over, in the room that is there.
fn set(text: &mut String, to: &str) {
    text.clear();
    text.push_str(to);
}
