//! The heap of everything that is not CPython's: an allocator that does not fail at once.
//!
//! Rust ends the process where an allocation fails. So what the system refuses comes from a reserve, which is large
//! enough for the work at hand, and [`exhausted`] says so: whoever sees it finishes and asks for no more.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of the reserve. Compiling the longest trace takes a part of it. Pages that are never touched take no memory.
const RESERVE: usize = 16 << 20;

/// Something was refused since [`recover`].
static EXHAUSTED: AtomicBool = AtomicBool::new(false);

/// Whether the system has refused memory: nothing that can wait should be begun.
#[inline(always)]
pub fn exhausted() -> bool {
    EXHAUSTED.load(Ordering::Relaxed)
}

/// Takes note that there may be memory again. False if too much of the reserve is still in use.
pub fn recover() -> bool {
    let enough = RESERVE_HEAP.lock(|state| state.used <= RESERVE / 4);
    if enough {
        EXHAUSTED.store(false, Ordering::Relaxed);
    }
    enough
}

/// The allocator `S`, then the reserve.
pub struct Heap<S = System>(pub S);

#[repr(C, align(64))]
struct Region(UnsafeCell<[u8; RESERVE]>);

// SAFETY: each part belongs to whoever it was allocated for.
unsafe impl Sync for Region {}

static REGION: Region = Region(UnsafeCell::new([0; RESERVE]));

/// Block sizes are powers of two, from this one on: room for the link of a free block.
const SMALLEST: usize = 16;
/// Ends a list of free blocks.
const NONE: usize = usize::MAX;

struct State {
    /// Bytes in blocks that are in use.
    used: usize,
    /// Where nothing was allocated yet.
    top: usize,
    /// Free blocks by the logarithm of their size: each begins with the offset of the next one.
    free: [usize; RESERVE.ilog2() as usize + 1],
}

struct ReserveHeap {
    locked: AtomicBool,
    state: UnsafeCell<State>,
}

// SAFETY: `lock` lets one thread at a time have the state.
unsafe impl Sync for ReserveHeap {}

static RESERVE_HEAP: ReserveHeap = ReserveHeap {
    locked: AtomicBool::new(false),
    state: UnsafeCell::new(State { used: 0, top: 0, free: [NONE; RESERVE.ilog2() as usize + 1] }),
};

/// The size of the block for a request; blocks are aligned to their size, up to the region's own alignment.
fn block_size(layout: Layout) -> Option<usize> {
    let fits = layout.align() <= align_of::<Region>() && layout.size() <= RESERVE;
    fits.then(|| layout.size().max(layout.align()).max(SMALLEST).next_power_of_two())
}

impl ReserveHeap {
    /// A lock that needs no memory; it is held for a few instructions.
    fn lock<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        while self.locked.swap(true, Ordering::Acquire) {
            std::hint::spin_loop();
        }
        // SAFETY: nobody else is between the two swaps.
        let result = f(unsafe { &mut *self.state.get() });
        self.locked.store(false, Ordering::Release);
        result
    }

    #[cold]
    fn allocate(&self, layout: Layout) -> *mut u8 {
        EXHAUSTED.store(true, Ordering::Relaxed);
        let Some(size) = block_size(layout) else { return std::ptr::null_mut() };
        let base = REGION.0.get().cast::<u8>();
        self.lock(|state| {
            let first = &mut state.free[size.ilog2() as usize];
            let mut offset = *first;
            if offset != NONE {
                // SAFETY: a free block has the next one's offset.
                *first = unsafe { base.add(offset).cast::<usize>().read() };
            } else {
                offset = state.top.next_multiple_of(size.min(align_of::<Region>()));
                if size > RESERVE - offset.min(RESERVE) {
                    return std::ptr::null_mut();
                }
                state.top = offset + size;
            }
            state.used += size;
            base.wrapping_add(offset)
        })
    }

    #[cold]
    fn free(&self, offset: usize, layout: Layout) {
        let size = block_size(layout).expect("the reserve allocated it");
        let base = REGION.0.get().cast::<u8>();
        self.lock(|state| {
            state.used -= size;
            let first = &mut state.free[size.ilog2() as usize];
            // SAFETY: the block is nobody's any more.
            unsafe { base.add(offset).cast::<usize>().write(*first) };
            *first = offset;
            if state.used == 0 {
                state.top = 0;
                state.free.fill(NONE);
            }
        });
    }
}

/// Where in the reserve a block is.
#[inline(always)]
fn offset_in_reserve(block: *mut u8) -> Option<usize> {
    let offset = (block as usize).wrapping_sub(REGION.0.get() as usize);
    (offset < RESERVE).then_some(offset)
}

// SAFETY: blocks come from `S` or, disjoint, from the reserve, and go back to where they came from.
unsafe impl<S: GlobalAlloc> GlobalAlloc for Heap<S> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        let block = unsafe { self.0.alloc(layout) };
        if block.is_null() { RESERVE_HEAP.allocate(layout) } else { block }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        unsafe {
            let block = self.0.alloc_zeroed(layout);
            if !block.is_null() {
                return block;
            }
            let block = RESERVE_HEAP.allocate(layout);
            if !block.is_null() {
                block.write_bytes(0, layout.size());
            }
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match offset_in_reserve(block) {
            Some(offset) => RESERVE_HEAP.free(offset, layout),
            // SAFETY: the caller's.
            None => unsafe { self.0.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's; the new block is as large as what is copied.
        unsafe {
            let new_layout = Layout::from_size_align_unchecked(new_size, layout.align());
            if offset_in_reserve(block).is_none() {
                let grown = self.0.realloc(block, layout, new_size);
                if !grown.is_null() {
                    return grown;
                }
            } else if block_size(layout) == block_size(new_layout) {
                return block;
            }
            let new = self.alloc(new_layout);
            if !new.is_null() {
                std::ptr::copy_nonoverlapping(block, new, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refuses everything.
    struct Nothing;

    // SAFETY: it never hands out a block.
    unsafe impl GlobalAlloc for Nothing {
        unsafe fn alloc(&self, _: Layout) -> *mut u8 {
            std::ptr::null_mut()
        }
        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
            unreachable!("nothing was allocated")
        }
    }

    #[test]
    fn the_reserve_serves_and_recovers() {
        let heap = Heap(Nothing);
        let bytes = |n: usize| Layout::from_size_align(n, 8).expect("a layout");
        // SAFETY: blocks are used within their sizes and freed once.
        unsafe {
            assert!(!exhausted());
            let a = heap.alloc(bytes(100));
            assert!(exhausted());
            a.write_bytes(7, 100);
            let same = heap.realloc(a, bytes(100), 120);
            assert_eq!(same, a, "the block is that large");
            let b = heap.alloc_zeroed(bytes(64));
            assert_eq!(std::slice::from_raw_parts(b, 64), [0; 64]);
            let moved = heap.realloc(same, bytes(120), 2000);
            assert_ne!(moved, same);
            assert_eq!(std::slice::from_raw_parts(moved, 100), [7; 100]);
            let c = heap.alloc(bytes(128));
            assert_eq!(c, a, "a free block is used again");
            assert!(heap.alloc(bytes(RESERVE)).is_null(), "that is too much");
            let most = heap.alloc(bytes(RESERVE / 2));
            assert!(!most.is_null() && !recover(), "too much is in use");
            heap.dealloc(most, bytes(RESERVE / 2));
            heap.dealloc(c, bytes(128));
            heap.dealloc(b, bytes(64));
            heap.dealloc(moved, bytes(2000));
            assert!(recover() && !exhausted());
            let again = heap.alloc(bytes(8));
            assert_eq!(again, a, "all of it is free again");
            heap.dealloc(again, bytes(8));
        }
    }

    #[test]
    fn what_the_system_has_comes_from_the_system() {
        let heap = Heap(System);
        let layout = Layout::from_size_align(32, 8).expect("a layout");
        // SAFETY: used within its size and freed once.
        unsafe {
            let block = heap.realloc(heap.alloc(layout), layout, 64);
            assert!(offset_in_reserve(block).is_none());
            heap.dealloc(block, Layout::from_size_align(64, 8).expect("a layout"));
        }
    }
}
