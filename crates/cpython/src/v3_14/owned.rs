//! An owned reference for cold code.

use super::layout::Object;
use super::refs::{decref, incref};

/// A strong reference, released on drop.
pub struct Owned(*mut Object);

impl Owned {
    /// Takes over a reference; `None` if `op` is null (an exception is set, as a rule).
    ///
    /// # Safety
    /// The caller owns a reference to `op`, or `op` is null.
    #[inline]
    pub unsafe fn steal(op: *mut Object) -> Option<Self> {
        if op.is_null() { None } else { Some(Self(op)) }
    }

    /// Makes a new reference.
    ///
    /// # Safety
    /// `op` points to a live object.
    #[inline]
    pub unsafe fn new(op: *mut Object) -> Self {
        // SAFETY: the caller's.
        unsafe { incref(op) };
        Self(op)
    }

    #[inline]
    pub fn as_ptr(&self) -> *mut Object {
        self.0
    }

    /// Gives the reference to the caller.
    #[inline]
    pub fn into_raw(self) -> *mut Object {
        let op = self.0;
        core::mem::forget(self);
        op
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: we own the reference.
        unsafe { decref(self.0) }
    }
}
