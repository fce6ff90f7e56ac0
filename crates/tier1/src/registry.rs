//! Which code objects are decoded.
//!
//! A table holds the decoded code; each code object remembers its index in a word that CPython leaves alone, and
//! that is therefore full of anything in code objects we have not seen: the index counts only if the table agrees.

use core::cell::UnsafeCell;
use core::ffi::c_int;
use core::ptr::null_mut;

use cpython::abi::*;

use crate::hot;
use crate::inst::Tier1Code;
use crate::waiting;

#[derive(Clone, Copy)]
pub(crate) struct Decoded {
    /// The code object, null if the entry is free. Not a reference: its death is announced.
    code: *mut Code,
    tier1: *mut Tier1Code,
}

/// A variable the GIL guards.
struct Shared<T>(UnsafeCell<T>);

// SAFETY: accessed only by threads that hold the GIL.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// # Safety
    /// The GIL is held, and no reference from an earlier call is in use.
    #[allow(clippy::mut_from_ref)]
    unsafe fn get(&self) -> &mut T {
        // SAFETY: the caller's.
        unsafe { &mut *self.0.get() }
    }
}

/// The table. Only grows; everything here happens under the GIL of the one interpreter tier 1 is enabled in.
static TABLE: Shared<Vec<Decoded>> = Shared(UnsafeCell::new(Vec::new()));
static FREE: Shared<Vec<u32>> = Shared(UnsafeCell::new(Vec::new()));

/// The decoded code of `code`.
///
/// # Safety
/// `code` is decoded.
#[inline(always)]
pub(crate) unsafe fn decoded(code: *mut Code) -> *mut Tier1Code {
    // SAFETY: the caller's.
    unsafe { (*hot::decoded_table().add(*Code::spare_word(code) as u32 as usize)).tier1 }
}

/// The decoded code of `code` if it is decoded.
///
/// # Safety
/// `code` is a code object.
#[inline(always)]
pub(crate) unsafe fn find(code: *mut Code) -> Option<*mut Tier1Code> {
    // SAFETY: the caller's; the index is checked before use.
    unsafe {
        let index = *Code::spare_word(code) as u32 as usize;
        if index >= hot::decoded_count() {
            return None;
        }
        let entry = hot::decoded_table().add(index);
        ((*entry).code == code).then_some((*entry).tier1)
    }
}

/// [`find`] for other crates.
///
/// # Safety
/// As there.
#[inline(never)]
pub unsafe fn find_decoded(code: *mut Code) -> Option<*mut Tier1Code> {
    // SAFETY: the caller's.
    unsafe { find(code) }
}

/// Takes the decoded code of `code` in.
///
/// # Safety
/// `code` is not decoded, and writable.
pub(crate) unsafe fn insert(code: *mut Code, tier1: *mut Tier1Code) {
    // SAFETY: the GIL orders all access.
    unsafe {
        let table = TABLE.get();
        let entry = Decoded { code, tier1 };
        let index = match FREE.get().pop() {
            Some(index) => {
                table[index as usize] = entry;
                index
            }
            None => {
                table.push(entry);
                hot::set_decoded(table.as_mut_ptr(), table.len());
                (table.len() - 1) as u32
            }
        };
        *Code::spare_word(code) = index as u64;
    }
}

/// Watches code objects die, so that what belongs to them is freed, and be made, while the program has not started.
///
/// # Errors
/// One sentence, if all code watchers of this interpreter are taken.
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn watch() -> Result<watch::CodeWatcher, String> {
    // SAFETY: the caller's.
    unsafe { watch::CodeWatcher::register(on_code_event) }
        .ok_or_else(|| "all code watchers of this interpreter are taken".into())
}

unsafe extern "C" fn on_code_event(event: c_int, code: *mut Code) -> c_int {
    if waiting::waits() && event == watch::code_event::CREATE {
        // SAFETY: watchers are called with the GIL held.
        unsafe { waiting::on_code_made() }
    }
    if event == watch::code_event::DESTROY {
        // SAFETY: the code object is dying, so no frame runs it.
        unsafe {
            if let Some(tier1) = find(code) {
                let index = *Code::spare_word(code) as u32;
                let table = TABLE.get();
                table[index as usize] = Decoded { code: null_mut(), tier1: null_mut() };
                FREE.get().push(index);
                Tier1Code::free(tier1);
            }
        }
    }
    0
}
