//! Delays between connection attempts, for every lifecycle.

use core::time::Duration;

use crate::kernel::entropy::Entropy;

/// Computes the delay before the next connection attempt.
///
/// ```
/// use core::time::Duration;
/// use wirefeed::Backoff;
///
/// let mut backoff = Backoff::default();
/// (backoff.growth, backoff.cap) = (2, Some(Duration::from_secs(10)));
/// let mut source = |bytes: &mut [u8]| bytes.fill(0);
/// let mut delays = |base| [0, 1, 2, 3, 4].map(|failures| backoff.delay(base, failures, &mut source));
/// assert_eq!(delays(Duration::from_secs(1)).map(|delay| delay.as_secs()), [1, 2, 4, 8, 10]);
/// // A server cannot request less than the floor.
/// assert_eq!(delays(Duration::ZERO).map(|delay| delay.as_millis()), [500, 1000, 2000, 4000, 8000]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backoff {
    /// The shortest delay, even if the server requests less. Default: 500 milliseconds, as in Gecko, so
    /// that a server that requests no delay does not get attempts without a pause. If the floor and the
    /// requested delay are both zero, the delays after failures grow from 1 millisecond.
    pub floor: Duration,
    /// The longest delay, even if the server requests more, unless the floor is longer. Default: no
    /// limit, as in browsers.
    pub cap: Option<Duration>,
    /// The factor by which each failure in a row multiplies the delay. Default: 1, a constant delay. 0
    /// counts as 1.
    pub growth: u32,
    /// The part of the delay, in percent up to 100, that is random, so that clients that lost their
    /// server together do not reconnect together. Default: 0. The random part shortens the delay; if
    /// that would go below the floor, it lengthens the delay instead, up to the cap.
    pub jitter: u8,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { floor: Duration::from_millis(500), cap: None, growth: 1, jitter: 0 }
    }
}

impl Backoff {
    /// The delay after `failures` failures in a row. `base` is the delay that the server or the policy
    /// requests.
    pub fn delay(&self, base: Duration, failures: u32, entropy: &mut impl Entropy) -> Duration {
        self.delay_of(base, Duration::ZERO, failures, entropy)
    }

    /// The same, but at least `least`, unless the cap is shorter.
    pub(crate) fn delay_of(
        &self,
        base: Duration,
        least: Duration,
        failures: u32,
        entropy: &mut impl Entropy,
    ) -> Duration {
        let base = match micros(base.max(self.floor)) {
            0 if failures > 0 => SMALLEST,
            base => base,
        };
        let most = self.cap.map_or(u64::MAX, micros).max(micros(self.floor));
        let least = micros(self.floor.max(least)).min(most);
        let growth = u64::from(self.growth.max(1)).checked_pow(failures).unwrap_or(u64::MAX);
        let delay = base.saturating_mul(growth).clamp(least, most);
        if self.jitter == 0 {
            return Duration::from_micros(delay);
        }
        let share = u128::from(self.jitter.min(100));
        let width = part(delay, share, 100);
        let from = (delay - width).max(least);
        let width = width.min(most - from);
        let mut random = [0; 4];
        entropy.fill(&mut random);
        let off = part(width, u128::from(u32::from_le_bytes(random)), 1 << 32);
        Duration::from_micros(from + width - off)
    }
}

/// `of * share / whole`, where `share <= whole`.
fn part(of: u64, share: u128, whole: u128) -> u64 {
    (u128::from(of) * share / whole) as u64
}

/// The time in microseconds, rounded up, so that only zero becomes zero.
fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// The base of growing delays, in microseconds, if the floor and the requested delay are zero.
const SMALLEST: u64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_default_delay_is_the_requested_one_with_a_floor() {
        let mut none = |_: &mut [u8]| unreachable!("no jitter, no randomness");
        for failures in [0, 1, 1000] {
            assert_eq!(Backoff::default().delay(SECOND, failures, &mut none), SECOND);
            assert_eq!(Backoff::default().delay(Duration::ZERO, failures, &mut none), ms(500));
        }
    }

    #[test]
    fn delays_grow_from_the_floor() {
        let mut none = |_: &mut [u8]| unreachable!("no jitter, no randomness");
        for (floor, growth, delays) in [
            (500, 2, [500, 1000, 2000]),
            (0, 2, [0, 2, 4]),
            (0, 1, [0, 1, 1]),
            (0, 0, [0, 1, 1]),
            (7, 0, [7, 7, 7]),
        ] {
            let backoff = Backoff { floor: ms(floor), growth, ..Backoff::default() };
            let found =
                [0, 1, 2].map(|failures| backoff.delay(Duration::ZERO, failures, &mut none));
            assert_eq!(found, delays.map(ms), "{floor} {growth}");
        }
    }

    #[test]
    fn jitter_shortens_the_delay() {
        let backoff = Backoff { jitter: 50, ..Backoff::default() };
        assert_eq!(backoff.delay(SECOND, 0, &mut |bytes: &mut [u8]| bytes.fill(0)), SECOND);
        let least = backoff.delay(SECOND, 0, &mut |bytes: &mut [u8]| bytes.fill(255));
        assert_eq!(least.as_millis(), 500);
    }

    #[test]
    fn jitter_stays_between_floor_and_cap() {
        for (base, least, cap, from, to) in [
            (0, 0, None, 500, 750),
            (600, 0, None, 500, 800),
            (0, 0, Some(600), 500, 600),
            (0, 9000, None, 9000, 13500),
            (0, 9000, Some(6000), 6000, 6000),
            (2000, 1500, None, 1500, 2500),
            (0, 0, Some(100), 500, 500),
        ] {
            let backoff = Backoff { jitter: 50, cap: cap.map(ms), ..Backoff::default() };
            let delay = |random| {
                backoff.delay_of(ms(base), ms(least), 0, &mut |bytes: &mut [u8]| bytes.fill(random))
            };
            assert_eq!(delay(0), ms(to), "{base} {least} {cap:?}");
            assert!((ms(from)..ms(from + 1)).contains(&delay(255)), "{base} {least} {cap:?}");
        }
    }

    proptest! {
        #[test]
        fn delays_stay_between_floor_and_cap(
            base in any::<u64>(), least in any::<u64>(), failures in any::<u32>(), growth in 0u32..5,
            jitter in any::<u8>(), floor in 0u64..1000, more in 0u64..1000, random in any::<[u8; 4]>(),
        ) {
            let (floor, cap) = (ms(floor), ms(floor + more));
            let backoff = Backoff { floor, cap: Some(cap), growth, jitter };
            let mut source = |bytes: &mut [u8]| bytes.copy_from_slice(&random);
            for shift in [0, 44, 63] {
                let (base, least) = (base >> shift, least >> shift);
                let (base, least) = (Duration::from_micros(base), Duration::from_micros(least));
                let delay = backoff.delay_of(base, least, failures, &mut source);
                prop_assert!(floor <= delay && delay <= cap);
                prop_assert!(least.min(cap) <= delay);
                let delay = backoff.delay(base, failures, &mut source);
                prop_assert!(floor <= delay && delay <= cap);
            }
        }
    }
}
