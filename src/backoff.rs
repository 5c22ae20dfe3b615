//! Delays between attempts, for every lifecycle.

use core::time::Duration;

use crate::Entropy;

/// How long to wait before the next attempt.
///
/// ```
/// use core::time::Duration;
/// use wirefeed::Backoff;
///
/// let mut backoff = Backoff::default();
/// (backoff.growth, backoff.cap) = (2, Some(Duration::from_secs(10)));
/// let mut source = |bytes: &mut [u8]| bytes.fill(0);
/// let seconds: Vec<u64> = (0..5)
///     .map(|failures| backoff.delay(Duration::from_secs(1), failures, &mut source).as_secs())
///     .collect();
/// assert_eq!(seconds, [1, 2, 4, 8, 10]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backoff {
    /// The shortest delay, whatever the server asks for. None by default.
    pub floor: Duration,
    /// The longest; no limit by default, as in browsers.
    pub cap: Option<Duration>,
    /// How many times as long each failure in a row makes the delay. 1, that is, no longer.
    pub growth: u32,
    /// The share of a delay, in percent up to 100, of which a random part is taken off, so that
    /// clients that lost their server together do not come back together. 0.
    pub jitter: u8,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { floor: Duration::ZERO, cap: None, growth: 1, jitter: 0 }
    }
}

impl Backoff {
    /// The delay after so many failures in a row, from a delay that the server or the policy asks for.
    pub fn delay(&self, base: Duration, failures: u32, entropy: &mut impl Entropy) -> Duration {
        let most = self.cap.unwrap_or(Duration::MAX);
        let growth = u128::from(self.growth).checked_pow(failures).unwrap_or(u128::MAX);
        let micros = base.max(self.floor).as_micros().saturating_mul(growth);
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        let delay = Duration::from_micros(micros).min(most).max(self.floor);
        if self.jitter == 0 {
            return delay;
        }
        let mut random = [0; 4];
        entropy.fill(&mut random);
        let random = u128::from(u32::from_le_bytes(random));
        let share = u128::from(self.jitter.min(100));
        let off = delay.as_micros() * share * random / (100 << 32);
        delay.saturating_sub(Duration::from_micros(u64::try_from(off).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn by_default_it_is_what_the_server_asks_for() {
        let mut none = |_: &mut [u8]| unreachable!("no jitter, no randomness");
        for failures in [0, 1, 1000] {
            assert_eq!(Backoff::default().delay(SECOND, failures, &mut none), SECOND);
        }
    }

    #[test]
    fn jitter_takes_off_a_part() {
        let backoff = Backoff { jitter: 50, ..Backoff::default() };
        assert_eq!(backoff.delay(SECOND, 0, &mut |bytes: &mut [u8]| bytes.fill(0)), SECOND);
        let least = backoff.delay(SECOND, 0, &mut |bytes: &mut [u8]| bytes.fill(255));
        assert_eq!(least.as_millis(), 500);
    }

    proptest! {
        #[test]
        fn it_stays_within_bounds(
            base in any::<u64>(), failures in any::<u32>(), growth in 0u32..5, jitter in any::<u8>(),
            floor in 0u64..1000, more in 0u64..1000, random in any::<[u8; 4]>(),
        ) {
            let (floor, cap) = (Duration::from_millis(floor), Duration::from_millis(floor + more));
            let backoff = Backoff { floor, cap: Some(cap), growth, jitter };
            let mut source = |bytes: &mut [u8]| bytes.copy_from_slice(&random);
            let delay = backoff.delay(Duration::from_micros(base), failures, &mut source);
            prop_assert!(delay <= cap);
            let least = floor * (100 - u32::from(jitter.min(100))) / 100;
            prop_assert!(delay + Duration::from_micros(1) >= least);
        }
    }
}
