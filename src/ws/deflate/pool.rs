//! zlib contexts that sessions share.

use crate::kernel::debug::debug;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::Mutex;

use flate2::{Compress, Compression, Decompress};

use crate::ws::handshake::WindowBits;

/// zlib contexts that sessions share: each borrows one for as long as it needs it.
///
/// A clone is a handle to the same pool. It never blocks: if another thread holds the pool's lock, the
/// session makes a context of its own.
///
/// ```
/// use wirefeed::ws::deflate::{Config, Deflater, Pool};
///
/// let pool = Pool::default();
/// let mut config = Config::default();
/// config.context_takeover = false;
/// let mut all: Vec<_> = (0..1000).map(|_| Deflater::new(config, Some(&pool))).collect();
/// for deflater in &mut all {
///     deflater.deflate_piece(b"Hello", true, &mut Vec::new());
/// }
/// assert_eq!(pool.kept(), 1); // all have used the same context, one after the other
/// ```
#[derive(Clone)]
pub struct Pool(Arc<Shelves>);

pub(super) struct Shelves {
    limit: usize,
    inflate: Mutex<Vec<Kept<Inflate>>>,
    deflate: Mutex<Vec<Kept<Deflate>>>,
}

/// An idle context, and its key.
pub(super) struct Kept<C: Context>(C::Key, Box<C>);

impl Pool {
    /// A pool that keeps up to `limit` idle contexts to deflate, and as many to inflate; it frees others.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Shelves { limit, inflate: Mutex::default(), deflate: Mutex::default() }))
    }

    /// The number of idle contexts. Those of a kind that another thread is taking or returning do not
    /// count.
    pub fn kept(&self) -> usize {
        fn len<T>(shelf: &Mutex<Vec<T>>) -> usize {
            shelf.try_lock().map_or(0, |shelf| shelf.len())
        }
        len(&self.0.inflate) + len(&self.0.deflate)
    }

    fn take<C: Context>(&self, key: C::Key) -> Option<Box<C>> {
        let mut shelf = C::shelf(&self.0).try_lock().ok()?;
        // The newest is the likeliest to be in a cache.
        let index = shelf.iter().rposition(|kept| kept.0 == key)?;
        Some(shelf.remove(index).1)
    }

    fn give<C: Context>(&self, key: C::Key, context: Box<C>) {
        let Ok(mut shelf) = C::shelf(&self.0).try_lock() else { return };
        if self.0.limit == 0 {
            return;
        }
        // The oldest is replaced, so that contexts with rare keys are not kept forever.
        let oldest = (shelf.len() >= self.0.limit).then(|| shelf.remove(0));
        shelf.push(Kept(key, context));
        drop(shelf);
        drop(oldest);
    }
}

impl Default for Pool {
    /// Keeps up to 16 idle contexts of either kind: more threads rarely use one at the same time.
    fn default() -> Self {
        Self::new(16)
    }
}

debug!([] Pool, self => Pool { limit: self.0.limit });

/// The place for a context: empty, or with one that is borrowed from the pool if there is a pool.
pub(super) struct Slot<C: Context> {
    key: C::Key,
    /// Boxed, so that an empty slot is small.
    context: Option<Box<C>>,
    pool: Option<Pool>,
}

impl<C: Context> Slot<C> {
    pub(super) const fn new(key: C::Key, pool: Option<Pool>) -> Self {
        Self { key, context: None, pool }
    }

    /// The context; into an empty slot it puts a fresh one.
    pub(super) fn get(&mut self) -> &mut C {
        let (key, pool) = (self.key, &self.pool);
        self.context.get_or_insert_with(|| {
            pool.as_ref().and_then(|pool| pool.take(key)).unwrap_or_else(|| Box::new(C::new(key)))
        })
    }

    /// The context, unless the slot is empty.
    pub(super) fn held(&mut self) -> Option<&mut C> {
        self.context.as_deref_mut()
    }

    pub(super) fn peek(&self) -> Option<&C> {
        self.context.as_deref()
    }

    /// Resets the context, and returns it to the pool; without a pool it stays.
    pub(super) fn clear(&mut self) {
        let Some(mut context) = self.context.take() else { return };
        context.reset();
        match &self.pool {
            Some(pool) => pool.give(self.key, context),
            None => self.context = Some(context),
        }
    }

    /// Returns the context to the pool, or without a pool frees it.
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

/// A kind of context.
pub(super) trait Context: Sized {
    /// Contexts with the same key are interchangeable.
    type Key: Copy + Eq;

    fn new(key: Self::Key) -> Self;

    /// Discards the history of messages.
    fn reset(&mut self);

    fn shelf(shelves: &Shelves) -> &Mutex<Vec<Kept<Self>>>;
}

/// Inflates. Its window is always the largest: zlib allocates that much in any case, and it inflates
/// messages of any smaller window.
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

/// Deflates.
pub(super) struct Deflate(pub(super) Compress);

impl Context for Deflate {
    type Key = (u8, WindowBits);

    fn new((level, bits): Self::Key) -> Self {
        let level = Compression::new(u32::from(level));
        // Cannot panic: `WindowBits` is 9 to 15.
        Self(Compress::new_with_window_bits(level, false, bits.bits()))
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn shelf(shelves: &Shelves) -> &Mutex<Vec<Kept<Self>>> {
        &shelves.deflate
    }
}
