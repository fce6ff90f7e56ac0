//! What native code falls back on where CPython's allocators fail.
//!
//! An exit makes the numbers and the like that its frames hold, and pushes frames; a box may be made in the middle of a
//! trace. None of that has a way to raise `MemoryError`, nor would CPython always raise one there. So it cannot fail:
//! objects come from memory set aside here (they are immortal: CPython must not free them), a chunk of the data stack
//! is kept ready. Native code is asked to leave at its next poll then, and not entered again before there is memory.
//!
//! Everything here is guarded by the GIL.

use core::cell::UnsafeCell;

use cpython::abi as py;
use cpython::abi::reserve::{OBJECT_BYTES, SpareChunk, immortal_float, immortal_int, immortal_range_iter, interrupt};

type Obj = *mut py::Object;

/// Objects that there is room for in all: half a million. Pages that are never touched take no memory.
const OBJECTS: usize = (24 << 20) / OBJECT_BYTES;
/// Fewer left, and native code is not entered any more: this many may be needed before its next poll. The deepest stack
/// of native frames that wait at calls, a few thousand, needs a few for each.
const ENOUGH: usize = OBJECTS / 4;

#[repr(C, align(16))]
struct Memory(UnsafeCell<[[u8; OBJECT_BYTES]; OBJECTS]>);

// SAFETY: guarded by the GIL.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([[0; OBJECT_BYTES]; OBJECTS]));

struct Reserve {
    /// Objects made so far.
    used: usize,
    /// For the next frame that finds no room.
    chunk: Option<SpareChunk>,
    /// There may be too little memory to enter native code.
    low: bool,
}

static mut RESERVE: Reserve = Reserve { used: 0, chunk: None, low: true };

fn reserve() -> &'static mut Reserve {
    // SAFETY: guarded by the GIL; the callers below drop the reference before they return.
    unsafe { (&raw mut RESERVE).as_mut_unchecked() }
}

/// Ends the process: native code that was asked to leave needed more than all that is set aside.
#[cold]
fn out_of_memory() -> ! {
    eprintln!("tierup: out of memory");
    std::process::abort()
}

/// Room for an object, after an allocation has failed.
#[cold]
unsafe fn room() -> *mut u8 {
    let r = reserve();
    if r.used == OBJECTS {
        out_of_memory();
    }
    r.used += 1;
    r.low = true;
    // SAFETY: the GIL is held. No exception was set before: native code runs without one.
    unsafe {
        py::PyErr_Clear();
        interrupt(py::PyThreadState_Get());
        MEMORY.0.get().cast::<[u8; OBJECT_BYTES]>().add(r.used - 1).cast()
    }
}

/// An `int`, after an allocation has failed.
///
/// # Safety
/// The GIL is held.
#[cold]
pub(crate) unsafe fn int(value: i64) -> Obj {
    // SAFETY: room for a number, which nobody else gets.
    unsafe { immortal_int(room(), value) }
}

/// A `float`, after an allocation has failed.
///
/// # Safety
/// The GIL is held.
#[cold]
pub(crate) unsafe fn float(value: f64) -> Obj {
    // SAFETY: room for a number, which nobody else gets.
    unsafe { immortal_float(room(), value) }
}

/// An iterator of a range, after an allocation has failed.
///
/// # Safety
/// The GIL is held.
#[cold]
pub(crate) unsafe fn range_iter(start: i64, len: i64, step: i64) -> Obj {
    // SAFETY: room for an object of this size, which nobody else gets.
    unsafe { immortal_range_iter(room(), start, len, step) }
}

/// Whether the object was made here: its count does not tell who holds it.
pub(crate) fn made(object: Obj) -> bool {
    let offset = (object as usize).wrapping_sub(MEMORY.0.get() as usize);
    offset < size_of::<Memory>()
}

/// Gives the thread, for which no chunk of the data stack could be allocated, the one set aside.
///
/// # Safety
/// The GIL is held by this thread; an allocation has just failed.
#[cold]
pub(crate) unsafe fn lend_chunk(ts: *mut py::ThreadState) {
    let r = reserve();
    r.low = true;
    // SAFETY: by this function's contract.
    unsafe {
        py::PyErr_Clear();
        interrupt(ts);
        match r.chunk.take().or_else(|| SpareChunk::allocate()) {
            Some(chunk) => chunk.lend(ts),
            None => out_of_memory(),
        }
    }
}

/// Whether native code may be entered.
#[inline(always)]
pub(crate) fn is_full() -> bool {
    !reserve().low || refill()
}

#[cold]
#[inline(never)]
fn refill() -> bool {
    let r = reserve();
    // SAFETY: native code is entered under the GIL, without an exception set.
    unsafe {
        if r.chunk.is_none() {
            r.chunk = SpareChunk::allocate();
        }
        // Large enough for no free list.
        let number = py::PyLong_FromLongLong(i64::MAX);
        if number.is_null() {
            py::PyErr_Clear();
        } else {
            py::decref(number);
        }
        r.low = number.is_null() || r.chunk.is_none() || OBJECTS - r.used < ENOUGH;
    }
    !r.low
}
