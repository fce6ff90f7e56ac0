//! Attributes of a variable: `LOAD_FAST_BORROW` and the attribute instruction behind it in one.
//!
//! The variable's instruction gets the fused version when the other one gets its first special version, and loses it
//! when a second type of owner comes, before versions are switched. So the caches are those of the version fused. The
//! second instruction stays as it is, for jumps to it.

use cpython::abi::*;

use super::attr_cache as plain;
use super::attr_cache::values_match;
use super::jump::branch_not_select;
use super::locals::{self, release_and_go};
use crate::dispatch::*;
use crate::inst::{Handler, Inst, Tier1Code};

/// Whether the owner's type is the one cached by the instruction behind `ip`.
#[inline(always)]
unsafe fn type_matches(owner: *mut Object, ip: *mut Inst) -> bool {
    // SAFETY: a live object; the cache belongs to the instruction.
    unsafe { (*(*owner).ob_type).tp_version_tag == (*ip.add(2)).a }
}

/// Pushes what the owner has at the cached offset, and a null behind it if the attribute instruction's argument asks
/// for one.
macro_rules! push_value {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $owner:ident) => {{
        let value = *$owner.byte_add((*$ip.add(2)).b as usize).cast::<*mut Object>();
        if value.is_null() {
            return locals::load_fast_borrow::<R>($f, $ip, $sp, $ts);
        }
        *$sp = StackRef::new(value);
        if (*$ip.add(1)).a & 1 != 0 {
            branch_not_select();
            *$sp.add(1) = StackRef::NULL;
            return go::<R>($f, $ip.add(11), $sp.add(2), $ts);
        }
        go::<R>($f, $ip.add(11), $sp.add(1), $ts)
    }};
}

/// Pushes the method and its receiver, which the variable keeps.
macro_rules! push_method {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident) => {{
        *$sp = StackRef::new((*$ip.add(3)).word as *mut Object);
        *$sp.add(1) = (*local($f, (*$ip).a)).borrow();
        go::<R>($f, $ip.add(11), $sp.add(2), $ts)
    }};
}

/// Stores the top of the stack into a slot of the variable's object, and releases what that held.
macro_rules! store_value {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $slot:expr) => {{
        let slot: *mut *mut Object = $slot;
        let old = *slot;
        if old.is_null() {
            return locals::load_fast_borrow::<R>($f, $ip, $sp, $ts);
        }
        *slot = (*$sp.sub(1)).into_object();
        // The attribute instruction is to blame for what the old value does when it dies.
        let store = $ip.add(1);
        release_and_go!($f, store, $sp.sub(1), $ts, StackRef::steal(old), 5)
    }};
}

handlers! {
    fn local_attr_instance_value(f, ip, sp, ts) {
        let op = (*local(f, (*ip).a)).object();
        if R || !type_matches(op, ip) || (*Object::inline_values(op)).valid == 0 {
            return locals::load_fast_borrow::<R>(f, ip, sp, ts);
        }
        push_value!(f, ip, sp, ts, op)
    }

    fn local_attr_slot(f, ip, sp, ts) {
        let op = (*local(f, (*ip).a)).object();
        if R || !type_matches(op, ip) {
            return locals::load_fast_borrow::<R>(f, ip, sp, ts);
        }
        push_value!(f, ip, sp, ts, op)
    }

    fn local_method_with_values(f, ip, sp, ts) {
        let op = (*local(f, (*ip).a)).object();
        if R || !type_matches(op, ip) || !values_match(op, (*ip.add(3)).a) {
            return locals::load_fast_borrow::<R>(f, ip, sp, ts);
        }
        push_method!(f, ip, sp, ts)
    }

    fn local_method_no_dict(f, ip, sp, ts) {
        let op = (*local(f, (*ip).a)).object();
        if R || !type_matches(op, ip) {
            return locals::load_fast_borrow::<R>(f, ip, sp, ts);
        }
        push_method!(f, ip, sp, ts)
    }

    fn store_local_attr_instance_value(f, ip, sp, ts) {
        let op = (*local(f, (*ip).a)).object();
        if R
            || !type_matches(op, ip)
            || !(*Object::managed_dict(op)).is_null()
            || (*Object::inline_values(op)).valid == 0
        {
            return locals::load_fast_borrow::<R>(f, ip, sp, ts);
        }
        store_value!(f, ip, sp, ts, op.byte_add((*ip.add(2)).b as usize).cast())
    }

    fn store_local_attr_slot(f, ip, sp, ts) {
        let op = (*local(f, (*ip).a)).object();
        if R || !type_matches(op, ip) {
            return locals::load_fast_borrow::<R>(f, ip, sp, ts);
        }
        store_value!(f, ip, sp, ts, op.byte_add((*ip.add(2)).b as usize).cast())
    }
}

/// Adapts the instruction before the attribute instruction at `ip` to the version that this one has now; `alone` says
/// that it keeps no others, for owners of other types.
pub(crate) unsafe fn fuse(ip: *mut Inst, alone: bool) {
    // SAFETY: instructions of one code object; LOAD_FAST_BORROW has one unit.
    unsafe {
        let before = (*ip).b.wrapping_sub(1) as usize;
        if (*Tier1Code::of(ip)).base_op_if_any(before).opcode == op::LOAD_FAST_BORROW {
            (*ip.sub(1)).word =
                version((*ip).word).filter(|_| alone).unwrap_or(locals::load_fast_borrow::<false>) as usize;
        }
    }
}

/// The fused version that goes with a version of the attribute instruction.
fn version(attribute: usize) -> Option<Handler> {
    let pairs: [(Handler, Handler); 6] = [
        (plain::load_attr_instance_value::<false>, local_attr_instance_value::<false>),
        (plain::load_attr_slot::<false>, local_attr_slot::<false>),
        (plain::load_attr_method_with_values::<false>, local_method_with_values::<false>),
        (plain::load_attr_method_no_dict::<false>, local_method_no_dict::<false>),
        (plain::store_attr_instance_value::<false>, store_local_attr_instance_value::<false>),
        (plain::store_attr_slot::<false>, store_local_attr_slot::<false>),
    ];
    pairs.iter().find(|pair| pair.0 as usize == attribute).map(|pair| pair.1)
}
