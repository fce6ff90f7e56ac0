//! Copies of the handlers that most others come behind, one for each kind of instruction that does.
//!
//! What predicts an indirect jump knows where it stands and the way there. Where one handler is followed by dozens, the way
//! has to tell which; a copy that is followed by few needs it less. This is the replication of M. A. Ertl and D. Gregg, "The
//! structure and performance of efficient interpreters" (Journal of Instruction-Level Parallelism 5, 2003).

use cpython::abi::*;

use super::locals;
use super::locals::{push_local, push_locals};
use crate::dispatch::*;
use crate::inst::Handler;

macro_rules! copies {
    ($($name:ident = $plain:ident by $does:ident, number $number:literal;)*) => {
        handlers! {
            $(
                fn $name(f, ip, sp, ts) {
                    if R {
                        return locals::$plain::<R>(f, ip, sp, ts);
                    }
                    // Or copies that are alike would become one.
                    core::arch::asm!(concat!("/* ", $number, " */"), options(nomem, nostack, preserves_flags));
                    $does!(f, ip, sp, ts)
                }
            )*
        }
    };
}

copies! {
    local_before_attr = load_fast_borrow by push_local, number 0;
    local_before_call = load_fast_borrow by push_local, number 1;
    local_before_operator = load_fast_borrow by push_local, number 2;
    local_before_store = load_fast_borrow by push_local, number 3;
    local_before_compare = load_fast_borrow by push_local, number 4;
    local_before_global = load_fast_borrow by push_local, number 5;
    locals_before_call = load_fast_borrow_load_fast_borrow by push_locals, number 6;
    locals_before_operator = load_fast_borrow_load_fast_borrow by push_locals, number 7;
    locals_before_store = load_fast_borrow_load_fast_borrow by push_locals, number 8;
    locals_before_compare = load_fast_borrow_load_fast_borrow by push_locals, number 9;
}

/// The copy of `handler` for an instruction behind which `next` comes; itself if there is none.
pub(crate) fn copy_for(handler: usize, next: u8) -> usize {
    let is = |plain: Handler| handler == plain as usize;
    let copy: Option<Handler> = if is(locals::load_fast_borrow::<false>) {
        match next {
            op::LOAD_ATTR => Some(local_before_attr::<false>),
            op::CALL => Some(local_before_call::<false>),
            op::BINARY_OP => Some(local_before_operator::<false>),
            op::STORE_ATTR | op::STORE_SUBSCR => Some(local_before_store::<false>),
            op::COMPARE_OP | op::CONTAINS_OP | op::IS_OP => Some(local_before_compare::<false>),
            op::LOAD_GLOBAL => Some(local_before_global::<false>),
            _ => None,
        }
    } else if is(locals::load_fast_borrow_load_fast_borrow::<false>) {
        match next {
            op::CALL => Some(locals_before_call::<false>),
            op::BINARY_OP => Some(locals_before_operator::<false>),
            op::STORE_ATTR | op::STORE_SUBSCR => Some(locals_before_store::<false>),
            op::COMPARE_OP | op::CONTAINS_OP | op::IS_OP => Some(locals_before_compare::<false>),
            _ => None,
        }
    } else {
        None
    };
    copy.map_or(handler, |copy| copy as usize)
}
