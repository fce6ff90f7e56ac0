//! What the C library calls its allocator, and thereby everybody.
#![cfg_attr(test, allow(dead_code, reason = "the tests run on the C library's"))]

use std::ffi::{c_int, c_void};
use std::ptr;

use crate::blocks;

fn allocate(size: usize, align: usize) -> *mut c_void {
    match blocks::allocate(size, align) {
        Some(block) => block.as_ptr().cast(),
        None => {
            // SAFETY: errno is this thread's.
            unsafe { *libc::__errno_location() = libc::ENOMEM };
            ptr::null_mut()
        }
    }
}

#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn malloc(size: usize) -> *mut c_void {
    allocate(size, 1)
}

#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    allocate(count.saturating_mul(size), 1)
}

/// # Safety
/// As C says.
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn free(block: *mut c_void) {
    if blocks::is_ours(block.cast()) {
        // SAFETY: the caller's.
        unsafe { blocks::release(block.cast()) };
    }
}

/// # Safety
/// As C says.
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    if block.is_null() {
        return allocate(size, 1);
    }
    if !blocks::is_ours(block.cast()) {
        std::process::abort();
    }
    let fresh = if size == 0 { ptr::null_mut() } else { allocate(size, 1) };
    if size == 0 || !fresh.is_null() {
        // SAFETY: the caller's: `block` is not freed; `fresh` is new.
        unsafe {
            ptr::copy_nonoverlapping(block.cast::<u8>(), fresh.cast(), size.min(blocks::size(block.cast())));
            blocks::release(block.cast());
        }
    }
    fresh
}

#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
    allocate(size, align)
}

#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    allocate(size, align)
}

/// # Safety
/// As C says.
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int {
    let Some(block) = blocks::allocate(size, align) else { return libc::ENOMEM };
    // SAFETY: the caller's.
    unsafe { *out = block.as_ptr().cast() };
    0
}

#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn valloc(size: usize) -> *mut c_void {
    allocate(size, 4096)
}

#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn pvalloc(size: usize) -> *mut c_void {
    allocate(size.next_multiple_of(4096), 4096)
}

/// # Safety
/// As C says.
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
    // SAFETY: the caller's.
    if blocks::is_ours(block.cast()) { unsafe { blocks::size(block.cast()) } } else { 0 }
}
