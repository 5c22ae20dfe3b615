//! Formatting numbers as decimal digits.

/// A number as decimal digits.
pub(crate) struct Decimal {
    /// Room for the digits of 2^64 - 1; those from `from` on are used.
    digits: [u8; 20],
    from: usize,
}

impl Decimal {
    #[inline]
    pub(crate) fn of(mut number: u64) -> Self {
        let (mut digits, mut from) = ([b'0'; 20], 20);
        loop {
            from -= 1;
            digits[from] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return Self { digits, from };
            }
        }
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.digits[self.from..]
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}
