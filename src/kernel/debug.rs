//! `Debug` for types that hold payloads, keys or identifiers: lengths and states, never the bytes.

/// Implements `Debug` by the named facts of a value, or by an expression.
macro_rules! debug {
    ([$($generics:tt)*] $Type:ty, $self:ident => $Name:ident { $($field:ident: $fact:expr),* $(,)? }) => {
        $crate::kernel::debug::debug!([$($generics)*] $Type, $self, f => {
            f.debug_struct(stringify!($Name))
                $(.field(stringify!($field), &$fact))*
                .finish_non_exhaustive()
        });
    };
    ([$($generics:tt)*] $Type:ty, $self:ident, $f:ident => $shown:expr) => {
        impl<$($generics)*> core::fmt::Debug for $Type {
            fn fmt(&$self, $f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $shown
            }
        }
    };
}
pub(crate) use debug;
