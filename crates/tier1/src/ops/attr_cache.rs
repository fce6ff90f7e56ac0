//! The special versions of attribute access.
//!
//! Which one a place gets, and what their caches hold and rely on: see [`super::attr_choice`].

use cpython::abi::*;

use super::attr::{load_attr_by_c_out_of_line, load_attr_getset_out_of_line, load_attr_miss, store_attr_miss};
use super::jump::branch_not_select;
use super::locals::release_and_go;
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::Inst;

/// Whether the owner's type is the cached one.
#[inline(always)]
unsafe fn type_matches(owner: *mut Object, ip: *mut Inst) -> bool {
    // SAFETY: a live object; the cache belongs to the instruction.
    unsafe { (*(*owner).ob_type).tp_version_tag == (*ip.add(1)).a }
}

/// Whether an object's values are inline and the keys it shares with others of its type have this version.
#[inline(always)]
pub(crate) unsafe fn values_match(owner: *mut Object, keys_version: u32) -> bool {
    // SAFETY: an object whose type's version says that it may have inline values.
    unsafe {
        (*Object::inline_values(owner)).valid != 0
            && (*(*(*owner).ob_type.cast::<HeapType>()).ht_cached_keys).dk_version == keys_version
    }
}

/// Whether an object's attributes are in a dict and its keys have this version.
#[inline(always)]
unsafe fn dict_keys_match(owner: *mut Object, keys_version: u32) -> bool {
    // SAFETY: an object whose type's version says that it has a managed dict.
    unsafe {
        let dict = *Object::managed_dict(owner);
        !dict.is_null() && (*(*dict).ma_keys).dk_version == keys_version
    }
}

/// Replaces the owner by the value, and pushes a null behind it if the argument asks for one.
macro_rules! replace_owner {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $owner:ident, $value:expr) => {{
        *$sp.sub(1) = StackRef::new($value);
        if (*$ip).a & 1 != 0 {
            branch_not_select();
            *$sp = StackRef::NULL;
            release_and_go!($f, $ip, $sp.add(1), $ts, $owner, 10)
        } else {
            release_and_go!($f, $ip, $sp, $ts, $owner, 10)
        }
    }};
}

/// Puts a method below the owner, which becomes its first argument.
macro_rules! push_method {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $owner:ident) => {{
        *$sp.sub(1) = StackRef::new((*$ip.add(2)).word as *mut Object);
        *$sp = $owner;
        go::<R>($f, $ip.add(10), $sp.add(1), $ts)
    }};
}

/// Releases the owner, then what the attribute held.
macro_rules! release_stored {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $owner:ident, $old:ident) => {{
        if $owner.is_counted() {
            let op = $owner.object();
            let count = (*op).ob_refcnt.wrapping_sub(1);
            (*op).ob_refcnt = count;
            if count == 0 {
                return destroy_owner::<R>($f, $ip, $sp.sub(2), $ts, op, $old);
            }
        }
        if !$old.is_null() && !Object::is_immortal($old) {
            let count = (*$old).ob_refcnt.wrapping_sub(1);
            (*$old).ob_refcnt = count;
            if count == 0 {
                return release_and_go_on::<R, 5>($f, $ip, $sp.sub(2), $ts, $old);
            }
        }
        go::<R>($f, $ip.add(5), $sp.sub(2), $ts)
    }};
}
handlers! {
    fn load_attr_instance_value(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if !type_matches(op, ip) || (*Object::inline_values(op)).valid == 0 {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        let value = *op.byte_add((*ip.add(1)).b as usize).cast::<*mut Object>();
        if value.is_null() {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        replace_owner!(f, ip, sp, ts, owner, value)
    }

    fn load_attr_with_hint(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if !type_matches(op, ip) {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        let dict = *Object::managed_dict(op);
        if dict.is_null() {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        let keys = (*dict).ma_keys;
        let hint = (*ip.add(1)).b as usize;
        if hint >= (*keys).dk_nentries as usize || (*keys).dk_kind as usize != DICT_KEYS_UNICODE {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        let entry = DictKeys::unicode_entries(keys).add(hint);
        if (*entry).me_key != name_at(f, (*ip).a >> 1) || (*entry).me_value.is_null() {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        replace_owner!(f, ip, sp, ts, owner, (*entry).me_value)
    }

    fn load_attr_slot(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if !type_matches(op, ip) {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        let value = *op.byte_add((*ip.add(1)).b as usize).cast::<*mut Object>();
        if value.is_null() {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        replace_owner!(f, ip, sp, ts, owner, value)
    }

    fn load_attr_module(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if (*op).ob_type != module_type() {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        let keys = (*(*op.cast::<Module>()).md_dict.cast::<Dict>()).ma_keys;
        if (*keys).dk_version != (*ip.add(1)).a {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        let value = *keys.byte_add((*ip.add(1)).b as usize).cast::<*mut Object>();
        if value.is_null() {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        replace_owner!(f, ip, sp, ts, owner, value)
    }

    /// An attribute of a class.
    fn load_attr_class(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if (*op).ob_type != type_type() || (*op.cast::<Type>()).tp_version_tag != (*ip.add(1)).a {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        replace_owner!(f, ip, sp, ts, owner, (*ip.add(2)).word as *mut Object)
    }

    /// As `load_attr_class`, with another metaclass than `type`.
    fn load_attr_class_of_metaclass(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if (*(*op).ob_type).tp_version_tag != (*ip.add(1)).b || (*op.cast::<Type>()).tp_version_tag != (*ip.add(1)).a {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        replace_owner!(f, ip, sp, ts, owner, (*ip.add(2)).word as *mut Object)
    }

    /// An attribute of a class that is an instance of a class which could make a descriptor of it, as of an enumeration.
    fn load_attr_class_instance(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        let found = (*ip.add(2)).word as *mut Object;
        // With the owner's version, what was found is alive.
        if (*(*op).ob_type).tp_version_tag != (*ip.add(1)).b
            || (*op.cast::<Type>()).tp_version_tag != (*ip.add(1)).a
            || (*(*found).ob_type).tp_version_tag != (*ip.add(2)).a
        {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        replace_owner!(f, ip, sp, ts, owner, found)
    }

    /// An attribute of the class of an instance whose own attributes are inline, and do not include it.
    fn load_attr_nondescriptor_with_values(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if !type_matches(op, ip) || !values_match(op, (*ip.add(2)).a) {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        replace_owner!(f, ip, sp, ts, owner, (*ip.add(2)).word as *mut Object)
    }

    fn load_attr_nondescriptor_no_dict(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        if !type_matches(owner.object(), ip) {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        replace_owner!(f, ip, sp, ts, owner, (*ip.add(2)).word as *mut Object)
    }

    fn load_attr_method_with_values(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if !type_matches(op, ip) || !values_match(op, (*ip.add(2)).a) {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        push_method!(f, ip, sp, ts, owner)
    }

    fn load_attr_method_no_dict(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        if !type_matches(owner.object(), ip) {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        push_method!(f, ip, sp, ts, owner)
    }

    /// Of an owner that has no dict yet; the cache has the place where it would be.
    fn load_attr_method_lazy_dict(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        let at = (*ip.add(1)).b as i32 as isize;
        if !type_matches(op, ip) || !(*op.byte_offset(at).cast::<*mut Object>()).is_null() {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        push_method!(f, ip, sp, ts, owner)
    }

    fn load_attr_method_with_dict(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if !type_matches(op, ip) || !dict_keys_match(op, (*ip.add(2)).a) {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        push_method!(f, ip, sp, ts, owner)
    }

    /// An attribute of the class of an instance whose own are in a dict, and do not include it.
    fn load_attr_nondescriptor_with_dict(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if !type_matches(op, ip) || !dict_keys_match(op, (*ip.add(2)).a) {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        replace_owner!(f, ip, sp, ts, owner, (*ip.add(2)).word as *mut Object)
    }

    /// An attribute that a C function gets.
    fn load_attr_getset(f, ip, sp, ts) {
        if R || !type_matches((*sp.sub(1)).object(), ip) {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        load_attr_getset_out_of_line::<R>(f, ip, sp, ts)
    }

    /// An attribute that nothing of Python's can be entered for.
    fn load_attr_by_c(f, ip, sp, ts) {
        let misses = (*ip.add(3)).a.wrapping_add(1);
        // From time to time the place chooses again: instances change.
        if R || !type_matches((*sp.sub(1)).object(), ip) || misses.is_power_of_two() {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        (*ip.add(3)).a = misses;
        load_attr_by_c_out_of_line::<R>(f, ip, sp, ts)
    }

    /// A property whose getter is a Python function: runs it here.
    fn load_attr_property(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        if !type_matches(owner.object(), ip) {
            return load_attr_miss::<R>(f, ip, sp, ts);
        }
        super::call_python::enter_property::<R>(f, ip, sp, ts)
    }

    fn store_attr_instance_value(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        if !type_matches(op, ip) || !(*Object::managed_dict(op)).is_null() {
            return store_attr_miss::<R>(f, ip, sp, ts);
        }
        let values = Object::inline_values(op);
        if (*values).valid == 0 {
            return store_attr_miss::<R>(f, ip, sp, ts);
        }
        let slot = op.byte_add((*ip.add(1)).b as usize).cast::<*mut Object>();
        let old = *slot;
        if old.is_null() {
            return store_first_value::<R>(f, ip, sp, ts);
        }
        *slot = (*sp.sub(2)).into_object();
        release_stored!(f, ip, sp, ts, owner, old)
    }

    fn store_attr_slot(f, ip, sp, ts) {
        let (value, owner) = (*sp.sub(2), *sp.sub(1));
        let op = owner.object();
        if !type_matches(op, ip) {
            return store_attr_miss::<R>(f, ip, sp, ts);
        }
        let slot = op.byte_add((*ip.add(1)).b as usize).cast::<*mut Object>();
        let old = *slot;
        *slot = value.into_object();
        release_stored!(f, ip, sp, ts, owner, old)
    }

    fn store_attr_with_hint(f, ip, sp, ts) {
        let (value, owner) = (*sp.sub(2), *sp.sub(1));
        let op = owner.object();
        if !type_matches(op, ip) {
            return store_attr_miss::<R>(f, ip, sp, ts);
        }
        let dict = *Object::managed_dict(op);
        // A watched dict's watchers must be told.
        if dict.is_null() || (*dict)._ma_watcher_tag & 0xff != 0 {
            return store_attr_miss::<R>(f, ip, sp, ts);
        }
        let keys = (*dict).ma_keys;
        let hint = (*ip.add(1)).b as usize;
        if hint >= (*keys).dk_nentries as usize || (*keys).dk_kind as usize != DICT_KEYS_UNICODE {
            return store_attr_miss::<R>(f, ip, sp, ts);
        }
        let entry = DictKeys::unicode_entries(keys).add(hint);
        let old = (*entry).me_value;
        if (*entry).me_key != name_at(f, (*ip).a) || old.is_null() {
            return store_attr_miss::<R>(f, ip, sp, ts);
        }
        (*entry).me_value = value.into_object();
        release_stored!(f, ip, sp, ts, owner, old)
    }
}

out_of_line_handlers! {
    /// A name's first value in an instance: the instance remembers the order of its attributes.
    fn store_first_value(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        let op = owner.object();
        let slot = op.byte_add((*ip.add(1)).b as usize).cast::<*mut Object>();
        *slot = (*sp.sub(2)).into_object();
        let values = Object::inline_values(op);
        DictValues::add_to_insertion_order(values, slot.offset_from(DictValues::slot(values, 0)) as usize);
        super::locals::release_and_go!(f, ip, sp.sub(2), ts, owner, 5)
    }

    fn destroy_owner(f, ip, sp, ts, owner: *mut Object, old: *mut Object) {
        save(f, ip, sp);
        _Py_Dealloc(owner);
        xdecref(old);
        proceed::<R>(f, ip, ip.add(5), sp, ts)
    }
}
