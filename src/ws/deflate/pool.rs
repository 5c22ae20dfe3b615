//! Contexts of zlib that go from one session to the next.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::Mutex;

use flate2::{Compress, Compression, Decompress};

use crate::ws::handshake::WindowBits;

/// Contexts that sessions share: each lends one for as long as it needs it.
///
/// A clone is a handle to the same pool. Nobody waits for it: where two ask at once, one makes a
/// context of its own.
///
/// ```
/// use wirefeed::ws::deflate::{Config, Deflater, Pool};
///
/// let pool = Pool::default();
/// let mut config = Config::default();
/// config.context_takeover = false;
/// let mut all: Vec<_> = (0..1000).map(|_| Deflater::with_pool(config, &pool)).collect();
/// for deflater in &mut all {
///     deflater.deflate(b"Hello", &mut Vec::new());
/// }
/// assert_eq!(pool.kept(), 1); // one after the other has used it
/// ```
#[derive(Clone)]
pub struct Pool(Arc<Shelves>);

pub(super) struct Shelves {
    limit: usize,
    inflate: Mutex<Vec<Kept<Inflate>>>,
    deflate: Mutex<Vec<Kept<Deflate>>>,
}

/// A context that nobody uses, and what it is good for.
pub(super) struct Kept<C: Context>(C::Key, Box<C>);

impl Pool {
    /// A pool that keeps up to `limit` contexts of either kind that nobody uses; more are freed.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Shelves { limit, inflate: Mutex::default(), deflate: Mutex::default() }))
    }

    /// The number of contexts that are kept, as far as nobody else is about to change it.
    pub fn kept(&self) -> usize {
        fn len<T>(shelf: &Mutex<Vec<T>>) -> usize {
            shelf.try_lock().map_or(0, |shelf| shelf.len())
        }
        len(&self.0.inflate) + len(&self.0.deflate)
    }

    fn take<C: Context>(&self, key: C::Key) -> Option<Box<C>> {
        let mut shelf = C::shelf(&self.0).try_lock().ok()?;
        // The newest: the rest of its memory is likeliest to be in a cache.
        let index = shelf.iter().rposition(|kept| kept.0 == key)?;
        Some(shelf.remove(index).1)
    }

    fn give<C: Context>(&self, key: C::Key, context: Box<C>) {
        let Ok(mut shelf) = C::shelf(&self.0).try_lock() else { return };
        if self.0.limit == 0 {
            return;
        }
        // The oldest makes room, so that contexts nobody asks for are not kept for ever.
        let oldest = (shelf.len() >= self.0.limit).then(|| shelf.remove(0));
        shelf.push(Kept(key, context));
        drop(shelf);
        drop(oldest);
    }
}

impl Default for Pool {
    /// Keeps 16 contexts of either kind: as many as threads are likely to use at once.
    fn default() -> Self {
        Self::new(16)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("limit", &self.0.limit).finish_non_exhaustive()
    }
}

/// One side's context: none, its own, or one that a pool has lent.
pub(super) struct Slot<C: Context> {
    key: C::Key,
    /// Boxed, so that a session which holds none has no room for one.
    context: Option<Box<C>>,
    pool: Option<Pool>,
}

impl<C: Context> Slot<C> {
    pub(super) const fn new(key: C::Key, pool: Option<Pool>) -> Self {
        Self { key, context: None, pool }
    }

    /// The context; where there is none, one that knows of no message yet.
    pub(super) fn get(&mut self) -> &mut C {
        let (key, pool) = (self.key, &self.pool);
        self.context.get_or_insert_with(|| {
            pool.as_ref().and_then(|pool| pool.take(key)).unwrap_or_else(|| Box::new(C::new(key)))
        })
    }

    /// The context, if there is one.
    pub(super) fn held(&mut self) -> Option<&mut C> {
        self.context.as_deref_mut()
    }

    pub(super) fn peek(&self) -> Option<&C> {
        self.context.as_deref()
    }

    /// Forgets all messages. A context goes back to its pool, and stays where there is none.
    pub(super) fn clear(&mut self) {
        let Some(mut context) = self.context.take() else { return };
        context.reset();
        match &self.pool {
            Some(pool) => pool.give(self.key, context),
            None => self.context = Some(context),
        }
    }

    /// Forgets all messages, and frees what no pool takes.
    pub(super) fn release(&mut self) {
        self.clear();
        self.context = None;
    }

    pub(super) const fn is_held(&self) -> bool {
        self.context.is_some()
    }
}

impl<C: Context> Drop for Slot<C> {
    fn drop(&mut self) {
        if self.pool.is_some() {
            self.clear();
        }
    }
}

/// What a pool keeps.
pub(super) trait Context: Sized {
    /// What one context may stand in for another by.
    type Key: Copy + Eq;

    fn new(key: Self::Key) -> Self;

    /// Forgets all messages.
    fn reset(&mut self);

    fn shelf(shelves: &Shelves) -> &Mutex<Vec<Kept<Self>>>;
}

/// What inflates. Its window is always the largest: zlib has the memory for it in any case, and
/// what was compressed with a smaller one does not tell the difference.
pub(super) struct Inflate {
    pub(super) zlib: Decompress,
    pub(super) scratch: Vec<u8>,
}

impl Context for Inflate {
    type Key = ();

    fn new((): ()) -> Self {
        let zlib = Decompress::new_with_window_bits(false, WindowBits::MAX.bits());
        Self { zlib, scratch: Vec::new() }
    }

    fn reset(&mut self) {
        self.zlib.reset(false);
        self.scratch.clear();
    }

    fn shelf(shelves: &Shelves) -> &Mutex<Vec<Kept<Self>>> {
        &shelves.inflate
    }
}

/// What deflates.
pub(super) struct Deflate(pub(super) Compress);

impl Context for Deflate {
    type Key = (u8, WindowBits);

    fn new((level, bits): Self::Key) -> Self {
        let level = Compression::new(u32::from(level));
        // 9 to 15: `WindowBits` has no other.
        Self(Compress::new_with_window_bits(level, false, bits.bits()))
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn shelf(shelves: &Shelves) -> &Mutex<Vec<Kept<Self>>> {
        &shelves.deflate
    }
}
