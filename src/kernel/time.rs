//! Time, measured by the caller.

use core::ops::Add;
use core::time::Duration;

/// A moment, in microseconds since an origin that the caller chooses.
///
/// wirefeed never reads a clock: the caller passes the time, of a real clock, a simulation or a test.
/// Arithmetic saturates.
///
/// ```
/// use core::time::Duration;
/// use wirefeed::Instant;
///
/// let start = Instant::ZERO;
/// let deadline = start + Duration::from_secs(10);
/// assert_eq!(deadline.as_micros(), 10_000_000);
/// assert_eq!(deadline.duration_since(start), Duration::from_secs(10));
/// assert_eq!(start.duration_since(deadline), Duration::ZERO);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The caller's origin.
    pub const ZERO: Self = Self(0);

    /// The moment this many microseconds after the origin.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the origin.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub const fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// Converts `now`, measured from `origin`; the caller reads both.
    ///
    /// ```
    /// let origin = std::time::Instant::now();
    /// let now = wirefeed::Instant::from_std(origin, std::time::Instant::now());
    /// assert!(now >= wirefeed::Instant::ZERO);
    /// ```
    #[cfg(feature = "std")]
    #[expect(clippy::disallowed_types, reason = "the caller reads the clock; this only subtracts")]
    pub fn from_std(origin: std::time::Instant, now: std::time::Instant) -> Self {
        Self::ZERO + now.saturating_duration_since(origin)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addition_saturates() {
        assert_eq!(Instant::from_micros(1) + Duration::MAX, Instant::from_micros(u64::MAX));
    }
}
