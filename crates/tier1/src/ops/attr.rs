//! Attributes in general.

use core::ptr::null_mut;

use cpython::abi::*;

use super::attr_choice::{specialize_load, specialize_store, switch_version};
use super::special::{
    self, ANY_ATTRIBUTE, DELETE, GET, MISSING, Method, Operation, SET, enter_accessor, enter_special_of, may_enter,
};
use crate::dispatch::*;
use crate::inst::Inst;
use crate::with_memory::{call_with, super_lookup};

super::names::out_of_line! {
    load_attr => load_attr_miss;
    store_attr => store_attr_miss;
    delete_attr => delete_attr_slow;
    load_super_attr => load_super_attr_slow;
    load_special => load_special_slow;
}

/// Misses that may each be an owner of one more type.
const EARLY_MISSES: u32 = 6;

/// After so many misses at most it is tried again: classes come that are used for long.
const LATE_MISSES: u32 = 256;

/// Counts a miss in a cache unit. True if it is time to choose again: not at the first, since most code runs once, but
/// at the next ones, and then ever more seldom.
#[inline(always)]
pub(crate) unsafe fn should_choose(cache: *mut Inst) -> bool {
    // SAFETY: the instruction's own cache.
    unsafe {
        let misses = (*cache).a.wrapping_add(1);
        (*cache).a = misses;
        misses != 1 && (misses <= EARLY_MISSES || misses.is_power_of_two() || misses.is_multiple_of(LATE_MISSES))
    }
}

/// Replaces the owner by the attribute, or raises if that is null; a call finds no object before its arguments.
#[inline(always)]
unsafe fn finish_load<const R: bool>(ip: *mut Inst, ts: *mut ThreadState, value: *mut Object) -> *mut Object {
    // SAFETY: the contract of handlers; the frame is saved.
    unsafe {
        let (f, sp) = saved(ts);
        if value.is_null() {
            return close_and_raise::<R>(f, ip, sp, ts, sp.sub(1));
        }
        if !close_unless_last(sp.sub(1)) {
            return release_owner::<R>(f, ip, sp, ts, value);
        }
        *sp.sub(1) = StackRef::steal(value);
        if (*ip).a & 1 == 0 {
            return proceed::<R>(f, ip, ip.add(10), sp, ts);
        }
        *sp = StackRef::NULL;
        proceed::<R>(f, ip, ip.add(10), sp.add(1), ts)
    }
}

out_of_line_handlers! {
    /// As `finish_load`, where the owner dies.
    fn release_owner(f, ip, sp, ts, value: *mut Object) {
        close_slot(sp.sub(1));
        *sp.sub(1) = StackRef::steal(value);
        let sp = if (*ip).a & 1 == 0 { sp } else { sp.add(1) };
        if (*ip).a & 1 != 0 {
            *sp.sub(1) = StackRef::NULL;
        }
        proceed::<R>(f, ip, ip.add(10), sp, ts)
    }

    /// The owner is of another type than expected. (Apart from the general path, which uses the C stack.)
    fn load_attr_miss(f, ip, sp, ts) {
        if !R && switch_version(ip, (*sp.sub(1)).object(), true) {
            return go::<R>(f, ip, sp, ts);
        }
        load_attr_slow::<R>(f, ip, sp, ts)
    }

    fn load_attr_slow(f, ip, sp, ts) {
        let owner = *sp.sub(1);
        save(f, ip, sp);
        let name = name_at(f, (*ip).a >> 1);
        let method = (*ip).a & 1 != 0;
        if should_choose(ip.add(3)) {
            specialize_load(ts, ip, owner.object(), name, method);
        }
        if (*(*owner.object()).ob_type).tp_getattro == address::PyObject_GenericGetAttr() {
            enter_accessor!(f, ip, sp, ts, GET, owner.object(), name);
        } else if may_enter::<R>(ts) {
            let fallback = special::find(MISSING, owner.object(), null_mut());
            if !fallback.is_null() {
                return load_or_ask::<R>(f, ip, sp, ts, fallback);
            }
            enter_special_of!(f, ip, sp, ts, ANY_ATTRIBUTE, owner.object(), name);
        }
        if method {
            return load_method_by_c::<R>(f, ip, sp, ts, name);
        }
        let value = PyObject_GetAttr(owner.object(), name);
        finish_load::<R>(ip, ts, value)
    }

    fn load_attr_getset_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let getter = (*ip.add(2)).word as *const GetSetDef;
        let value = (*getter).get.unwrap_unchecked()((*sp.sub(1)).object(), (*getter).closure);
        finish_load::<R>(ip, ts, value)
    }

    fn load_attr_by_c_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let name = name_at(f, (*ip).a >> 1);
        if (*ip).a & 1 != 0 {
            return load_method_by_c::<R>(f, ip, sp, ts, name);
        }
        let value = PyObject_GetAttr((*sp.sub(1)).object(), name);
        finish_load::<R>(ip, ts, value)
    }

    fn load_method_by_c(f, ip, sp, ts, name: *mut Object) {
        let owner = *sp.sub(1);
        // The function takes the owner over, so the slot is no longer live.
        (*f).stackpointer = sp.sub(1);
        let attribute = _Py_LoadAttr_StackRefSteal(ts, owner, name, sp);
        let (f, below) = saved(ts);
        let sp = below.add(1);
        if attribute.is_null() {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        *sp.sub(1) = attribute;
        proceed::<R>(f, ip, ip.add(10), sp.add(1), ts)
    }

    /// An attribute of an instance whose class has `method` as its `__getattr__`.
    fn load_or_ask(f, ip, sp, ts, method: *const Method) {
        let owner = *sp.sub(1);
        match special::load_or_push(f, ip, sp, ts, method, name_at(f, (*ip).a >> 1)) {
            (new, code) if !new.is_null() && !code.is_null() => special::begin::<R>(new, ts, code.cast()),
            (new, value) if !new.is_null() || value.is_null() => super::finish::failed::<R>(f, ip, sp, ts),
            (_, value) => {
                *sp.sub(1) = StackRef::steal(value.cast());
                let method = (*ip).a & 1 != 0;
                if method {
                    *sp = StackRef::NULL;
                }
                owner.close();
                proceed::<R>(f, ip, ip.add(10), if method { sp.add(1) } else { sp }, ts)
            }
        }
    }

    fn store_attr_miss(f, ip, sp, ts) {
        if !R && switch_version(ip, (*sp.sub(1)).object(), false) {
            return go::<R>(f, ip, sp, ts);
        }
        store_attr_slow::<R>(f, ip, sp, ts)
    }

    fn store_attr_slow(f, ip, sp, ts) {
        let (value, owner) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        save(f, ip, sp);
        let name = name_at(f, (*ip).a);
        if (*(*owner).ob_type).tp_setattro == address::PyObject_GenericSetAttr() {
            enter_accessor!(f, ip, sp, ts, SET, owner, name);
        } else {
            enter_special_of!(f, ip, sp, ts, Operation::new(op::STORE_ATTR, 0), owner, name);
        }
        let status = PyObject_SetAttr(owner, name, value);
        // After the store: the first one of a name adds it to the keys instances share.
        if status == 0 && should_choose(ip.add(3)) {
            specialize_store(ip, owner, name);
        }
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        if status != 0 {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        proceed::<R>(f, ip, ip.add(5), sp.sub(2), ts)
    }

    fn delete_attr_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let (owner, name) = ((*sp.sub(1)).object(), name_at(f, (*ip).a));
        if (*(*owner).ob_type).tp_setattro == address::PyObject_GenericSetAttr() {
            enter_accessor!(f, ip, sp, ts, DELETE, owner, name);
        } else {
            enter_special_of!(f, ip, sp, ts, Operation::new(op::DELETE_ATTR, 0), owner, name);
        }
        let status = PyObject_DelAttr(owner, name);
        close_slot(sp.sub(1));
        if status != 0 {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    /// `super().name`: bits of the argument are 1 for a method load, 2 for two-argument `super`.
    fn load_super_attr_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let argument = (*ip).a;
        let (global_super, class, receiver) = (*sp.sub(3), *sp.sub(2), *sp.sub(1));
        let name = name_at(f, argument >> 2);
        let is_class = Type::has_flag((*class.object()).ob_type, TPFLAGS_TYPE_SUBCLASS);
        if global_super.object() == PySuper_Type().cast::<Object>() && is_class {
            let (value, found_method) = super_lookup(class.object(), receiver.object(), name, argument & 1 != 0);
            if value.is_null() {
                close_slot(sp.sub(1));
                close_slot(sp.sub(2));
                close_slot(sp.sub(3));
                return error::<R>(f, ip, sp.sub(3), ts);
            }
            // The value takes the place of `super`, the receiver (or nothing) that of the class.
            *sp.sub(3) = StackRef::steal(value);
            if argument & 1 == 0 {
                close_slot(sp.sub(1));
                close_slot(sp.sub(2));
                global_super.close();
                return proceed::<R>(f, ip, ip.add(2), sp.sub(2), ts);
            }
            let second = if found_method {
                *sp.sub(1) = StackRef::NULL;
                receiver
            } else {
                close_slot(sp.sub(1));
                StackRef::NULL
            };
            *sp.sub(2) = second;
            class.close();
            global_super.close();
            return proceed::<R>(f, ip, ip.add(2), sp.sub(1), ts);
        }
        let object =
            call_with(global_super.object(), class.object(), receiver.object(), (argument & 2) as usize);
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        close_slot(sp.sub(3));
        if object.is_null() {
            return error::<R>(f, ip, sp.sub(3), ts);
        }
        (*f).stackpointer = sp.sub(3);
        let value = PyObject_GetAttr(object, name);
        decref(object);
        if value.is_null() {
            return error::<R>(f, ip, sp.sub(3), ts);
        }
        *sp.sub(3) = StackRef::steal(value);
        if argument & 1 != 0 {
            *sp.sub(2) = StackRef::NULL;
            return proceed::<R>(f, ip, ip.add(2), sp.sub(1), ts);
        }
        proceed::<R>(f, ip, ip.add(2), sp.sub(2), ts)
    }

    fn load_special_slow(f, ip, sp, ts) {
        // The owner becomes the method's first argument.
        *sp = *sp.sub(1);
        *sp.sub(1) = StackRef::NULL;
        save(f, ip, sp.add(1));
        let special = _Py_SpecialMethods().add((*ip).a as usize);
        let found = _PyObject_LookupSpecialMethod((*special).name, sp.sub(1));
        if found <= 0 {
            if found == 0 {
                let owner = (*sp).object();
                let message = if _PyEval_SpecialMethodCanSuggest(owner, (*ip).a as i32) != 0 {
                    (*special).error_suggestion
                } else {
                    (*special).error
                };
                pyerr_format()(*PyExc_TypeError(), message, owner);
            }
            return error::<R>(f, ip, sp.add(1), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.add(1), ts)
    }
}
