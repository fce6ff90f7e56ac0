//! Allocations that fail when told to; only in the build that `cargo xtask faults` makes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use pyo3_ffi::*;

/// The system's allocator, which refuses some requests.
struct Failing;

#[global_allocator]
static HEAP: heap::Heap<Failing> = heap::Heap(Failing);

/// Requests since [`fail_allocations`].
static REQUESTS: AtomicU64 = AtomicU64::new(0);
/// Those that fail.
static FIRST: AtomicU64 = AtomicU64::new(u64::MAX);
static COUNT: AtomicU64 = AtomicU64::new(0);

fn refused() -> bool {
    let n = REQUESTS.fetch_add(1, Relaxed);
    n.checked_sub(FIRST.load(Relaxed)).is_some_and(|n| n < COUNT.load(Relaxed))
}

// SAFETY: blocks are the system's.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        if refused() { ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        if refused() { ptr::null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's.
        if refused() { ptr::null_mut() } else { unsafe { System.realloc(block, layout, new_size) } }
    }
}

/// Makes `count` allocations fail, beginning with number `first` from now on.
///
/// # Safety
/// Called by Python only, with METH_VARARGS.
pub unsafe extern "C" fn fail_allocations(_: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    let (mut first, mut count) = (0u64, 0u64);
    // SAFETY: Python holds the GIL; the format says what the pointers are.
    unsafe {
        if PyArg_ParseTuple(arguments, c"KK".as_ptr(), &raw mut first, &raw mut count) == 0 {
            return ptr::null_mut();
        }
        REQUESTS.store(0, Relaxed);
        FIRST.store(first, Relaxed);
        COUNT.store(count, Relaxed);
        Py_NewRef(Py_None())
    }
}

/// How many allocations there were since.
///
/// # Safety
/// Called by Python only, with METH_NOARGS.
pub unsafe extern "C" fn allocations(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python holds the GIL.
    unsafe { PyLong_FromUnsignedLongLong(REQUESTS.load(Relaxed)) }
}
