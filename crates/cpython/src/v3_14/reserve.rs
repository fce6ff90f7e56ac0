//! What can be had where CPython's allocators fail: objects in memory of our own, a chunk of the data stack kept ready.

use core::ffi::c_void;
use core::mem::size_of;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::api::*;
use super::layout::*;

/// Bytes of an object that is made here.
pub const OBJECT_BYTES: usize = 48;

const _: () = assert!(size_of::<Long>() + 2 * size_of::<u32>() <= OBJECT_BYTES);
const _: () = assert!(size_of::<Float>() <= OBJECT_BYTES && size_of::<RangeIter>() <= OBJECT_BYTES);

/// A header that no reference count ever frees.
fn immortal(ty: *mut Type) -> Object {
    Object { ob_refcnt: IMMORTAL_INITIAL_REFCNT, ob_overflow: 0, ob_flags: IMMORTAL_FLAGS as u16, ob_type: ty }
}

/// Makes an `int` that is never freed.
///
/// # Safety
/// `memory` is [`OBJECT_BYTES`] long, aligned to 16, and stays.
pub unsafe fn immortal_int(memory: *mut u8, value: i64) -> *mut Object {
    let long: *mut Long = memory.cast();
    let magnitude = value.unsigned_abs();
    let digits = [0, 1, 2].map(|i| (magnitude >> (LONG_SHIFT * i)) as u32 & ((1 << LONG_SHIFT) - 1));
    let count = digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
    let sign = if count == 0 { 1 } else { usize::from(value < 0) << 1 };
    // SAFETY: by this function's contract.
    unsafe {
        (&raw mut (*long).ob_base).write(immortal(PyLong_Type()));
        (*long).lv_tag = count << LONG_NON_SIZE_BITS | sign;
        let at = (&raw mut (*long).ob_digit).cast::<u32>();
        for (i, digit) in digits.into_iter().enumerate() {
            at.add(i).write(digit);
        }
    }
    long.cast()
}

/// Makes a `float` that is never freed.
///
/// # Safety
/// As for [`immortal_int`].
pub unsafe fn immortal_float(memory: *mut u8, value: f64) -> *mut Object {
    // SAFETY: by this function's contract.
    unsafe { memory.cast::<Float>().write(Float { ob_base: immortal(PyFloat_Type()), ob_fval: value }) }
    memory.cast()
}

/// Makes the iterator of a range, never freed.
///
/// # Safety
/// As for [`immortal_int`].
pub unsafe fn immortal_range_iter(memory: *mut u8, start: i64, len: i64, step: i64) -> *mut Object {
    let it: *mut RangeIter = memory.cast();
    // SAFETY: by this function's contract.
    unsafe {
        (&raw mut (*it).ob_base).write(immortal(PyRangeIter_Type()));
        (*it).start = start;
        (*it).len = len;
        (*it).step = step;
    }
    it.cast()
}

/// Makes the thread leave native code at its next poll, without any event to be seen.
///
/// # Safety
/// The GIL is held by this thread.
pub unsafe fn interrupt(ts: *mut ThreadState) {
    // SAFETY: other threads set bits too, atomically.
    let breaker = unsafe { AtomicUsize::from_ptr(&raw mut (*ts).eval_breaker) };
    breaker.fetch_or(EVAL_CALLS_TO_DO_BIT, Relaxed);
}

/// `PyObjectArenaAllocator`: what chunks of the data stack are allocated and freed by.
#[repr(C)]
struct ArenaAllocator {
    context: *mut c_void,
    alloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void, *mut c_void, usize),
}

/// A chunk of the data stack that belongs to no thread yet.
#[derive(Debug)]
pub struct SpareChunk(*mut StackChunk);

impl SpareChunk {
    /// Its size, and that of the largest frames it is for: CPython asks for room for 1000 words more.
    const BYTES: usize = 64 << 10;
    pub const WORDS: usize = Self::BYTES / 8 - 1000 - CHUNK_DATA_OFFSET / 8;

    /// Allocates one.
    ///
    /// # Safety
    /// The GIL is held.
    pub unsafe fn allocate() -> Option<SpareChunk> {
        let mut allocator = core::mem::MaybeUninit::<ArenaAllocator>::uninit();
        // SAFETY: CPython fills the structure; the memory is large enough for the header.
        unsafe {
            PyObject_GetArenaAllocator(allocator.as_mut_ptr().cast());
            let ArenaAllocator { context, alloc, .. } = allocator.assume_init();
            let chunk: *mut StackChunk = alloc(context, Self::BYTES).cast();
            if chunk.is_null() {
                return None;
            }
            (*chunk).previous = core::ptr::null_mut();
            (*chunk).size = Self::BYTES;
            (*chunk).top = 0;
            Some(SpareChunk(chunk))
        }
    }

    /// Makes it the one that the thread takes next.
    ///
    /// # Safety
    /// The thread has just failed to allocate a chunk.
    pub unsafe fn lend(self, ts: *mut ThreadState) {
        // SAFETY: the caller's; a chunk in the cache was too small, and nobody else knows it.
        unsafe {
            let small = core::mem::replace(&mut (*ts).datastack_cached_chunk, self.0);
            if !small.is_null() {
                let mut allocator = core::mem::MaybeUninit::<ArenaAllocator>::uninit();
                PyObject_GetArenaAllocator(allocator.as_mut_ptr().cast());
                let ArenaAllocator { context, free, .. } = allocator.assume_init();
                free(context, small.cast(), (*small).size);
            }
        }
    }
}
