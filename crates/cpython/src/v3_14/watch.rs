//! Watchers: CPython calls back when a dict, type, function or code object changes.
//!
//! There are eight of a kind per interpreter and CPython keeps some, so each kind is registered once.

use core::ffi::c_int;

use super::api::*;
use super::layout::*;

/// `PyDict_WatchEvent`.
pub mod dict_event {
    pub const ADDED: i32 = 0;
    pub const MODIFIED: i32 = 1;
    pub const DELETED: i32 = 2;
    pub const CLONED: i32 = 3;
    pub const CLEARED: i32 = 4;
    pub const DEALLOCATED: i32 = 5;
}

/// `PyFunction_WatchEvent`.
pub mod function_event {
    pub const CREATE: i32 = 0;
    pub const DESTROY: i32 = 1;
    pub const MODIFY_CODE: i32 = 2;
    pub const MODIFY_DEFAULTS: i32 = 3;
    pub const MODIFY_KWDEFAULTS: i32 = 4;
    pub const MODIFY_QUALNAME: i32 = 5;
}

/// `PyCodeEvent`.
pub mod code_event {
    pub const CREATE: i32 = 0;
    pub const DESTROY: i32 = 1;
}

pub type DictCallback = unsafe extern "C" fn(c_int, *mut Object, *mut Object, *mut Object) -> c_int;
pub type TypeCallback = unsafe extern "C" fn(*mut Type) -> c_int;
pub type FunctionCallback = unsafe extern "C" fn(c_int, *mut Function, *mut Object) -> c_int;
pub type CodeCallback = unsafe extern "C" fn(c_int, *mut Code) -> c_int;

macro_rules! watcher {
    ($(#[$doc:meta])* $name:ident, $callback:ty, $add:ident, $clear:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(c_int);

        impl $name {
            /// Registers the callback with the current interpreter; `None` if all slots are taken.
            ///
            /// # Safety
            /// The GIL is held and the callback stays valid until [`Self::unregister`].
            pub unsafe fn register(callback: $callback) -> Option<Self> {
                // SAFETY: the caller's.
                let id = unsafe { $add(callback) };
                if id < 0 {
                    // SAFETY: the GIL is held; the failure is reported by the return value.
                    unsafe { PyErr_Clear() };
                    return None;
                }
                Some(Self(id))
            }

            /// Ends all notifications.
            ///
            /// # Safety
            /// The GIL is held, in the interpreter of [`Self::register`].
            pub unsafe fn unregister(self) {
                // SAFETY: the caller's.
                unsafe {
                    if $clear(self.0) < 0 {
                        PyErr_Clear();
                    }
                }
            }
        }
    };
}

watcher!(
    /// Changes of watched dicts.
    DictWatcher, DictCallback, PyDict_AddWatcher, PyDict_ClearWatcher
);
watcher!(
    /// Changes of watched types. Silent while a type has no version tag.
    TypeWatcher, TypeCallback, PyType_AddWatcher, PyType_ClearWatcher
);
watcher!(
    /// Changes of every function.
    FunctionWatcher, FunctionCallback, PyFunction_AddWatcher, PyFunction_ClearWatcher
);
watcher!(
    /// Births and deaths of every code object.
    CodeWatcher, CodeCallback, PyCode_AddWatcher, PyCode_ClearWatcher
);

/// Whether a call succeeded; if not (somebody cleared a watcher that is not theirs), its exception is dropped.
unsafe fn succeeded(status: c_int) -> bool {
    if status != 0 {
        // SAFETY: the caller's: the GIL is held.
        unsafe { PyErr_Clear() };
    }
    status == 0
}

impl DictWatcher {
    /// The bit by which a dict's `_ma_watcher_tag` names this watcher.
    pub fn bit(self) -> u8 {
        1 << self.0
    }

    /// # Safety
    /// `dict` is a dict; the GIL is held.
    pub unsafe fn watch(self, dict: *mut Object) -> bool {
        // SAFETY: the caller's.
        unsafe { succeeded(PyDict_Watch(self.0, dict)) }
    }

    /// # Safety
    /// `dict` is a dict; the GIL is held.
    pub unsafe fn unwatch(self, dict: *mut Object) -> bool {
        // SAFETY: the caller's.
        unsafe { succeeded(PyDict_Unwatch(self.0, dict)) }
    }
}

impl TypeWatcher {
    /// # Safety
    /// `ty` is a type; the GIL is held.
    pub unsafe fn watch(self, ty: *mut Type) -> bool {
        // SAFETY: the caller's.
        unsafe { succeeded(PyType_Watch(self.0, ty.cast())) }
    }

    /// # Safety
    /// `ty` is a type; the GIL is held.
    pub unsafe fn unwatch(self, ty: *mut Type) -> bool {
        // SAFETY: the caller's.
        unsafe { succeeded(PyType_Unwatch(self.0, ty.cast())) }
    }
}
