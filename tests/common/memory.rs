//! An allocator that counts, thread by thread.

#![allow(unsafe_code, reason = "an allocator cannot be written without")]
#![allow(dead_code, reason = "the tests that share this file each need a part")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what this thread holds.
pub(crate) struct Counting;

thread_local! {
    /// Bytes held, and the most that were since the last reset; below 0 where a thread has freed more
    /// than it took.
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
    /// Allocations ever made, those that grew counted again.
    static MADE: Cell<usize> = const { Cell::new(0) };
}

fn count(less: usize, more: usize) {
    let _ = MADE.try_with(|made| made.set(made.get() + usize::from(more > 0)));
    // A thread that is ending has no counter any more, and nothing to be measured.
    let _ = HELD.try_with(|held| {
        let (now, peak) = held.get();
        let now = now.wrapping_sub_unsigned(less).wrapping_add_unsigned(more);
        held.set((now, now.max(peak)));
    });
}

// SAFETY: every call goes to the system's allocator as it came; only numbers are kept.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Moving a block holds it twice meanwhile; not every allocator can avoid that.
        count(0, size);
        // SAFETY: the caller's promise is passed on.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        count(layout.size(), 0);
        moved
    }
}

/// How often `work` asked for memory.
pub(crate) fn allocations_of(work: impl FnOnce()) -> usize {
    let before = MADE.with(Cell::get);
    work();
    MADE.with(Cell::get) - before
}

/// The most bytes that `work` held at once, beyond what was held before.
pub(crate) fn peak_of(work: impl FnOnce()) -> usize {
    let before = HELD.with(|held| {
        let (now, _) = held.get();
        held.set((now, now));
        now
    });
    work();
    HELD.with(|held| held.get().1.wrapping_sub(before).unsigned_abs())
}

/// The bytes that `work` leaves held.
pub(crate) fn held_by(work: impl FnOnce()) -> usize {
    let held = || HELD.with(|held| held.get().0);
    let before = held();
    work();
    held().wrapping_sub(before).unsigned_abs()
}
