//! Time as the caller counts it.

use core::ops::Add;
use core::time::Duration;

/// A moment: microseconds since an origin of the caller's own.
///
/// wirefeed never asks a clock. Whoever drives a machine says what time it is, in real time, in a
/// simulation, or in a test. Arithmetic saturates.
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

    /// How long after `earlier` this is; zero if it is not after it.
    pub const fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// The moment of `now`, counted from `origin`, both read by the caller.
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
