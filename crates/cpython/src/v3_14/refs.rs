//! Reference counts and tagged stack references, by CPython 3.14's rules for the default build.

use super::api::{_Py_Dealloc, runtime};
use super::layout::*;

impl Object {
    /// `Py_TYPE`.
    ///
    /// # Safety
    /// `this` points to a live object.
    #[inline(always)]
    pub unsafe fn type_of(this: *mut Self) -> *mut Type {
        // SAFETY: the caller's.
        unsafe { (*this).ob_type }
    }

    /// `_Py_IsImmortal`.
    ///
    /// # Safety
    /// `this` points to a live object.
    #[inline(always)]
    pub unsafe fn is_immortal(this: *mut Self) -> bool {
        // SAFETY: the caller's.
        unsafe { ((*this).ob_refcnt as i32) < 0 }
    }
}

/// `Py_INCREF`.
///
/// # Safety
/// `op` points to a live object; the GIL is held.
#[inline(always)]
pub unsafe fn incref(op: *mut Object) {
    // SAFETY: the caller's.
    unsafe {
        let count = (*op).ob_refcnt;
        if count < IMMORTAL_INITIAL_REFCNT {
            (*op).ob_refcnt = count + 1;
        }
    }
}

/// `Py_NewRef`.
///
/// # Safety
/// As [`incref`].
#[inline(always)]
pub unsafe fn new_ref(op: *mut Object) -> *mut Object {
    // SAFETY: the caller's.
    unsafe { incref(op) };
    op
}

/// `Py_DECREF`.
///
/// # Safety
/// The caller owns a reference to `op`; arbitrary code may run.
#[inline(always)]
pub unsafe fn decref(op: *mut Object) {
    // SAFETY: the caller's.
    unsafe {
        if !Object::is_immortal(op) {
            decref_mortal(op);
        }
    }
}

/// `Py_XDECREF`.
///
/// # Safety
/// As [`decref`], or `op` is null.
#[inline(always)]
pub unsafe fn xdecref(op: *mut Object) {
    if !op.is_null() {
        // SAFETY: the caller's.
        unsafe { decref(op) }
    }
}

/// `Py_DECREF_MORTAL`.
///
/// # Safety
/// As [`decref`], and `op` was mortal when the reference was made.
#[inline(always)]
pub unsafe fn decref_mortal(op: *mut Object) {
    // SAFETY: the caller's.
    unsafe {
        let count = (*op).ob_refcnt.wrapping_sub(1);
        (*op).ob_refcnt = count;
        if count == 0 {
            _Py_Dealloc(op);
        }
    }
}

/// `_PyStackRef`: a slot of a frame. Bit 0 set means that the slot does not own the reference
/// (an immortal object, or one that something else keeps alive); a bare bit 0 is the empty slot.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StackRef(pub usize);

impl StackRef {
    pub const NULL: Self = Self(STACKREF_NULL);

    #[inline(always)]
    pub fn is_null(self) -> bool {
        self.0 == STACKREF_NULL
    }

    /// Whether this slot owns a reference (`PyStackRef_RefcountOnObject`).
    #[inline(always)]
    pub fn is_counted(self) -> bool {
        self.0 & TAG_REFCNT == 0
    }

    /// `PyStackRef_AsPyObjectBorrow`. Null for the empty slot.
    #[inline(always)]
    pub fn object(self) -> *mut Object {
        (self.0 & !TAG_REFCNT) as *mut Object
    }

    /// Takes over a reference that the caller owns (`PyStackRef_FromPyObjectSteal`).
    ///
    /// # Safety
    /// `op` points to a live object of which the caller owns a reference.
    #[inline(always)]
    pub unsafe fn steal(op: *mut Object) -> Self {
        // SAFETY: the caller's.
        Self(op as usize | (unsafe { (*op).ob_flags } as usize & TAG_REFCNT))
    }

    /// As [`Self::steal`], for an object known to be mortal.
    #[inline(always)]
    pub fn steal_mortal(op: *mut Object) -> Self {
        Self(op as usize)
    }

    /// Refers without owning: something else keeps `op` alive longer than this slot.
    #[inline(always)]
    pub fn borrowed(op: *mut Object) -> Self {
        Self(op as usize | TAG_REFCNT)
    }

    /// A new reference (`PyStackRef_FromPyObjectNew`).
    ///
    /// # Safety
    /// `op` points to a live object.
    #[inline(always)]
    pub unsafe fn new(op: *mut Object) -> Self {
        // SAFETY: the caller's.
        unsafe {
            if Object::is_immortal(op) {
                return Self::borrowed(op);
            }
            (*op).ob_refcnt = (*op).ob_refcnt.wrapping_add(1);
            Self(op as usize)
        }
    }

    /// `PyStackRef_DUP`.
    ///
    /// # Safety
    /// The slot is live.
    #[inline(always)]
    pub unsafe fn dup(self) -> Self {
        if self.is_counted() {
            // SAFETY: a counted reference is a plain pointer to a live object.
            unsafe {
                let op = self.0 as *mut Object;
                (*op).ob_refcnt = (*op).ob_refcnt.wrapping_add(1);
            }
        }
        self
    }

    /// The same object, not owned (`PyStackRef_Borrow`).
    #[inline(always)]
    pub fn borrow(self) -> Self {
        Self(self.0 | TAG_REFCNT)
    }

    /// Gives the reference up (`PyStackRef_XCLOSE`; the empty slot is fine).
    ///
    /// # Safety
    /// The slot is live and not used afterwards; arbitrary code may run.
    #[inline(always)]
    pub unsafe fn close(self) {
        if self.is_counted() {
            // SAFETY: the caller's.
            unsafe { decref_mortal(self.0 as *mut Object) }
        }
    }

    /// Gives a reference up that is known not to be the last.
    ///
    /// # Safety
    /// Somebody else holds a reference to the object.
    #[inline(always)]
    pub unsafe fn close_shared(self) {
        if self.is_counted() {
            // SAFETY: the caller's.
            unsafe {
                let op = self.0 as *mut Object;
                (*op).ob_refcnt = (*op).ob_refcnt.wrapping_sub(1);
            }
        }
    }

    /// Turns the slot into a reference the caller owns (`PyStackRef_AsPyObjectSteal`).
    ///
    /// # Safety
    /// The slot is live, not empty, and not used afterwards.
    #[inline(always)]
    pub unsafe fn into_object(self) -> *mut Object {
        let op = self.object();
        if !self.is_counted() {
            // SAFETY: the caller's.
            unsafe { incref(op) };
        }
        op
    }

    /// Makes the slot safe to outlive its lender (`PyStackRef_MakeHeapSafe`).
    ///
    /// # Safety
    /// The slot is live.
    #[inline(always)]
    pub unsafe fn heap_safe(self) -> Self {
        if self.is_null() {
            return self;
        }
        // SAFETY: the caller's, and it is not empty.
        unsafe { self.heap_safe_value() }
    }

    /// [`Self::heap_safe`] of a slot that is not empty.
    ///
    /// # Safety
    /// The slot is live, and not empty.
    #[inline(always)]
    pub unsafe fn heap_safe_value(self) -> Self {
        if self.is_counted() {
            return self;
        }
        // SAFETY: the caller's.
        unsafe { Self::new(self.object()) }
    }
}

/// Whether somebody listens to the creation and destruction of objects (`PyRefTracer_SetTracer`).
#[inline(always)]
pub fn ref_tracer_active() -> bool {
    // SAFETY: `probe` resolved `_PyRuntime`; its first field is the tracer function.
    unsafe { !(*runtime().byte_add(REF_TRACER_IN_RUNTIME).cast::<*const ()>()).is_null() }
}
