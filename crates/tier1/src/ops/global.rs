//! Globals and builtins.

use cpython::abi::*;

use super::attr::should_choose;
use super::jump::branch_not_select;
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::Inst;

/// Where a cached entry's value is, as a byte distance from the keys; the cache also knows the keys' version.
unsafe fn entry_distance(keys: *mut DictKeys, name: *mut Object) -> Option<usize> {
    // SAFETY: live keys.
    unsafe {
        if (*keys).dk_kind as usize != DICT_KEYS_UNICODE {
            return None;
        }
        let index = DictKeys::index_of_name(keys, name)?;
        let entry = DictKeys::unicode_entries(keys).add(index);
        Some(&raw const (*entry).me_value as usize - keys as usize)
    }
}

/// Pushes the value, and a null behind it if the argument asks for one. The new stack pointer.
macro_rules! push_value {
    ($ip:ident, $sp:ident, $value:expr) => {{
        *$sp = StackRef::new($value);
        if (*$ip).a & 1 != 0 {
            branch_not_select();
            *$sp.add(1) = StackRef::NULL;
            $sp.add(2)
        } else {
            $sp.add(1)
        }
    }};
}

// Both special versions rely on the versions of key tables: as long as a version stays, no key was added
// or removed, so the entry is still that name's (or, for a builtin, the globals still lack it).

/// The value of a global of the module.
macro_rules! module_value {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident) => {{
        let keys = (*(*$f).f_globals.cast::<Dict>()).ma_keys;
        let cache = $ip.add(1);
        if (*keys).dk_version != (*cache).a {
            return $crate::ops::global::load_global_miss::<R>($f, $ip, $sp, $ts);
        }
        let value = *keys.byte_add((*cache).b as usize).cast::<*mut Object>();
        if value.is_null() {
            return $crate::ops::global::load_global_miss::<R>($f, $ip, $sp, $ts);
        }
        value
    }};
}
pub(crate) use module_value;

/// The value of a builtin.
macro_rules! builtin_value {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident) => {{
        let globals = (*(*$f).f_globals.cast::<Dict>()).ma_keys;
        let keys = (*(*$f).f_builtins.cast::<Dict>()).ma_keys;
        let cache = $ip.add(1);
        if (*keys).dk_version != (*cache).a || (*globals).dk_version != (*$ip.add(2)).a {
            return $crate::ops::global::load_global_miss::<R>($f, $ip, $sp, $ts);
        }
        let value = *keys.byte_add((*cache).b as usize).cast::<*mut Object>();
        if value.is_null() {
            return $crate::ops::global::load_global_miss::<R>($f, $ip, $sp, $ts);
        }
        value
    }};
}
pub(crate) use builtin_value;
pub(crate) use push_value;

handlers! {
    fn load_global(f, ip, sp, ts) {
        load_global_miss::<R>(f, ip, sp, ts)
    }

    fn load_global_module(f, ip, sp, ts) {
        let value = module_value!(f, ip, sp, ts);
        let top = push_value!(ip, sp, value);
        go::<R>(f, ip.add(5), top, ts)
    }

    fn load_global_builtin(f, ip, sp, ts) {
        let value = builtin_value!(f, ip, sp, ts);
        let top = push_value!(ip, sp, value);
        go::<R>(f, ip.add(5), top, ts)
    }

    fn store_global(f, ip, sp, ts) {
        store_global_out_of_line::<R>(f, ip, sp, ts)
    }

    fn delete_global(f, ip, sp, ts) {
        delete_global_out_of_line::<R>(f, ip, sp, ts)
    }
}

/// Chooses the version to use from now on.
unsafe fn specialize(f: *mut Frame, ip: *mut Inst, ts: *mut ThreadState, name: *mut Object) {
    // SAFETY: the contract of handlers; both are checked to be dicts.
    unsafe {
        let (globals, builtins) = ((*f).f_globals, (*f).f_builtins);
        if (*globals).ob_type != dict_type() || (*builtins).ob_type != dict_type() {
            return;
        }
        let global_keys = (*globals.cast::<Dict>()).ma_keys;
        if (*global_keys).dk_kind as usize != DICT_KEYS_UNICODE {
            return;
        }
        let global_version = DictKeys::version(global_keys, ts);
        if global_version == 0 {
            return;
        }
        if let Some(distance) = entry_distance(global_keys, name) {
            let value = *global_keys.byte_add(distance).cast::<*mut Object>();
            if !value.is_null() {
                (*ip.add(1)).a = global_version;
                (*ip.add(1)).b = distance as u32;
                (*ip).word = load_global_module::<false> as *const () as usize;
            }
            return;
        }
        let keys = (*builtins.cast::<Dict>()).ma_keys;
        if let Some(distance) = entry_distance(keys, name) {
            let version = DictKeys::version(keys, ts);
            if version != 0 {
                (*ip.add(1)).a = version;
                (*ip.add(1)).b = distance as u32;
                (*ip.add(2)).a = global_version;
                (*ip).word = load_global_builtin::<false> as *const () as usize;
            }
        }
    }
}

out_of_line_handlers! {
    fn load_global_miss(f, ip, sp, ts) {
        save(f, ip, sp);
        let name = name_at(f, (*ip).a >> 1);
        // The slot must be readable: the look-up may run a key's __eq__.
        *sp = StackRef::NULL;
        _PyEval_LoadGlobalStackRef((*f).f_globals, (*f).f_builtins, name, sp);
        if (*sp).is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        if should_choose(ip.add(3)) {
            specialize(f, ip, ts, name);
        }
        let mut top = sp.add(1);
        if (*ip).a & 1 != 0 {
            *top = StackRef::NULL;
            top = top.add(1);
        }
        proceed::<R>(f, ip, ip.add(5), top, ts)
    }

    fn store_global_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let status = PyDict_SetItem((*f).f_globals, name_at(f, (*ip).a), (*sp.sub(1)).object());
        close_slot(sp.sub(1));
        if status != 0 {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn delete_global_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let name = name_at(f, (*ip).a);
        let found = PyDict_Pop((*f).f_globals, name, core::ptr::null_mut());
        if found == 0 {
            super::names::name_error(ts, name);
        }
        if found <= 0 {
            return error::<R>(f, ip, sp, ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }
}
