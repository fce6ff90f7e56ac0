//! The handlers, by family.

use cpython::abi::*;

use crate::dispatch::Pair;
use crate::inst::{BaseOp, Handler, Tier1Code};

pub(crate) mod attr;
pub(crate) mod attr_cache;
pub(crate) mod binary;
pub(crate) mod build;
pub(crate) mod call;
pub(crate) mod call_class;
pub(crate) mod call_native;
pub(crate) mod call_python;
pub(crate) mod compare;
pub(crate) mod exceptions;
pub(crate) mod float;
pub(crate) mod fused;
pub(crate) mod generator;
pub(crate) mod getitem;
pub(crate) mod global;
pub(crate) mod int;
pub(crate) mod iter;
pub(crate) mod jump;
pub(crate) mod locals;
pub(crate) mod matching;
pub(crate) mod names;
pub(crate) mod subscript;
pub(crate) mod unary;

/// All handlers, for the recorder's dispatch.
pub(crate) fn tables() -> [&'static [Pair]; 24] {
    [
        attr::TABLE,
        binary::TABLE,
        build::TABLE,
        build::append::TABLE,
        getitem::TABLE,
        call::TABLE,
        call_class::TABLE,
        call_native::TABLE,
        call_python::TABLE,
        compare::TABLE,
        exceptions::TABLE,
        float::TABLE,
        fused::TABLE,
        generator::TABLE,
        global::TABLE,
        int::TABLE,
        iter::TABLE,
        jump::TABLE,
        locals::TABLE,
        matching::TABLE,
        names::TABLE,
        subscript::TABLE,
        unary::TABLE,
        attr_cache::TABLE,
    ]
}

/// `NB_*`, the argument of `BINARY_OP`.
pub(crate) mod nb {
    pub const ADD: u32 = 0;
    pub const AND: u32 = 1;
    pub const FLOOR_DIVIDE: u32 = 2;
    pub const LSHIFT: u32 = 3;
    pub const MULTIPLY: u32 = 5;
    pub const REMAINDER: u32 = 6;
    pub const OR: u32 = 7;
    pub const RSHIFT: u32 = 9;
    pub const SUBTRACT: u32 = 10;
    pub const TRUE_DIVIDE: u32 = 11;
    pub const XOR: u32 = 12;
    pub const INPLACE: u32 = 13;
    pub const SUBSCR: u32 = 26;
}

/// The handler an instruction starts with.
pub(crate) fn select(base: BaseOp, next: BaseOp) -> Handler {
    let jump = |with_hint: Handler, bare: Handler| if next.opcode == op::NOT_TAKEN { with_hint } else { bare };
    match base.opcode {
        op::NOP | op::NOT_TAKEN | op::EXTENDED_ARG => jump::nop::<false>,
        op::RESUME => {
            // After `yield from` and `await` CPython does not look for events.
            if base.oparg & 3 < 2 { jump::resume_checked::<false> } else { jump::resume_unchecked::<false> }
        }
        op::JUMP_FORWARD => jump::jump_forward::<false>,
        op::JUMP_BACKWARD => jump::jump_backward::<false>,
        op::JUMP_BACKWARD_NO_INTERRUPT => jump::jump_backward_no_interrupt::<false>,
        op::POP_JUMP_IF_FALSE => jump(jump::pop_jump_if_false::<false>, jump::pop_jump_if_false_bare::<false>),
        op::POP_JUMP_IF_TRUE => jump(jump::pop_jump_if_true::<false>, jump::pop_jump_if_true_bare::<false>),
        op::POP_JUMP_IF_NONE => jump::pop_jump_if_none::<false>,
        op::POP_JUMP_IF_NOT_NONE => jump::pop_jump_if_not_none::<false>,

        op::LOAD_FAST => locals::load_fast::<false>,
        op::LOAD_FAST_BORROW => locals::load_fast_borrow::<false>,
        op::LOAD_FAST_BORROW_LOAD_FAST_BORROW => locals::load_fast_borrow_load_fast_borrow::<false>,
        op::LOAD_FAST_LOAD_FAST => locals::load_fast_load_fast::<false>,
        op::LOAD_FAST_CHECK => locals::load_fast_check::<false>,
        op::LOAD_FAST_AND_CLEAR => locals::load_fast_and_clear::<false>,
        op::STORE_FAST => locals::store_fast::<false>,
        op::STORE_FAST_LOAD_FAST => locals::store_fast_load_fast::<false>,
        op::STORE_FAST_STORE_FAST => locals::store_fast_store_fast::<false>,
        op::DELETE_FAST => locals::delete_fast::<false>,
        op::LOAD_CONST => locals::load_const::<false>,
        op::LOAD_SMALL_INT => locals::load_borrowed_const::<false>,
        op::LOAD_COMMON_CONSTANT => locals::load_common_constant::<false>,
        op::PUSH_NULL => locals::push_null::<false>,
        op::COPY => locals::copy::<false>,
        op::SWAP => locals::swap::<false>,
        op::POP_TOP | op::POP_ITER | op::END_FOR => locals::pop_top::<false>,
        op::END_SEND => locals::end_send::<false>,
        op::MAKE_CELL => locals::make_cell::<false>,
        op::COPY_FREE_VARS => locals::copy_free_vars::<false>,
        op::LOAD_DEREF => locals::load_deref::<false>,
        op::STORE_DEREF => locals::store_deref::<false>,
        op::DELETE_DEREF => locals::delete_deref::<false>,

        op::BINARY_OP => binary::select(base.oparg, next),
        op::BINARY_SLICE => subscript::binary_slice::<false>,
        op::STORE_SLICE => subscript::store_slice::<false>,
        op::STORE_SUBSCR => subscript::store_subscr_list_int::<false>,
        op::DELETE_SUBSCR => subscript::delete_subscr::<false>,
        op::COMPARE_OP => compare::select(base, next),
        op::IS_OP => compare::is_op::<false>,
        op::CONTAINS_OP => compare::contains_op::<false>,
        op::TO_BOOL => unary::to_bool::<false>,
        op::UNARY_NOT => unary::unary_not::<false>,
        op::UNARY_NEGATIVE => unary::unary_negative::<false>,
        op::UNARY_INVERT => unary::unary_invert::<false>,

        op::GET_ITER => iter::get_iter::<false>,
        op::FOR_ITER => iter::for_iter::<false>,
        op::GET_LEN => iter::get_len::<false>,
        op::UNPACK_SEQUENCE => iter::unpack_sequence::<false>,
        op::UNPACK_EX => iter::unpack_ex::<false>,

        op::LOAD_GLOBAL => global::load_global::<false>,
        op::STORE_GLOBAL => global::store_global::<false>,
        op::DELETE_GLOBAL => global::delete_global::<false>,
        op::LOAD_NAME => names::load_name::<false>,
        op::STORE_NAME => names::store_name::<false>,
        op::DELETE_NAME => names::delete_name::<false>,
        op::LOAD_LOCALS => names::load_locals::<false>,
        op::LOAD_FROM_DICT_OR_GLOBALS => names::load_from_dict_or_globals::<false>,
        op::LOAD_FROM_DICT_OR_DEREF => names::load_from_dict_or_deref::<false>,
        op::SETUP_ANNOTATIONS => names::setup_annotations::<false>,
        op::LOAD_BUILD_CLASS => names::load_build_class::<false>,
        op::IMPORT_NAME => names::import_name::<false>,
        op::IMPORT_FROM => names::import_from::<false>,

        op::LOAD_ATTR => attr::load_attr::<false>,
        op::STORE_ATTR => attr::store_attr::<false>,
        op::DELETE_ATTR => attr::delete_attr::<false>,
        op::LOAD_SUPER_ATTR => attr::load_super_attr::<false>,
        op::LOAD_SPECIAL => attr::load_special::<false>,

        op::CALL => call::call::<false>,
        op::CALL_KW => call::call_kw::<false>,
        op::CALL_FUNCTION_EX => call::call_function_ex::<false>,
        op::CALL_INTRINSIC_1 => call::call_intrinsic_1::<false>,
        op::CALL_INTRINSIC_2 => call::call_intrinsic_2::<false>,
        op::RETURN_VALUE => call_python::return_value::<false>,
        op::MAKE_FUNCTION => call_python::make_function::<false>,
        op::SET_FUNCTION_ATTRIBUTE => call_python::set_function_attribute::<false>,

        op::BUILD_LIST => build::build_list::<false>,
        op::BUILD_TUPLE => build::build_tuple::<false>,
        op::BUILD_MAP => build::build_map::<false>,
        op::BUILD_SET => build::build_set::<false>,
        op::BUILD_SLICE => build::build_slice::<false>,
        op::BUILD_STRING => build::build_string::<false>,
        op::BUILD_INTERPOLATION => build::build_interpolation::<false>,
        op::BUILD_TEMPLATE => build::build_template::<false>,
        op::LIST_APPEND => build::append::list_append::<false>,
        op::LIST_EXTEND => build::list_extend::<false>,
        op::SET_ADD => build::set_add::<false>,
        op::SET_UPDATE => build::set_update::<false>,
        op::MAP_ADD => build::map_add::<false>,
        op::DICT_MERGE => build::dict_merge::<false>,
        op::DICT_UPDATE => build::dict_update::<false>,
        op::FORMAT_SIMPLE => build::format_simple::<false>,
        op::FORMAT_WITH_SPEC => build::format_with_spec::<false>,
        op::CONVERT_VALUE => build::convert_value::<false>,

        op::PUSH_EXC_INFO => exceptions::push_exc_info::<false>,
        op::POP_EXCEPT => exceptions::pop_except::<false>,
        op::CHECK_EXC_MATCH => exceptions::check_exc_match::<false>,
        op::CHECK_EG_MATCH => exceptions::check_eg_match::<false>,
        op::RAISE_VARARGS => exceptions::raise_varargs::<false>,
        op::RERAISE => exceptions::reraise::<false>,
        op::WITH_EXCEPT_START => exceptions::with_except_start::<false>,
        op::CLEANUP_THROW => exceptions::cleanup_throw::<false>,
        op::END_ASYNC_FOR => exceptions::end_async_for::<false>,

        op::RETURN_GENERATOR => generator::return_generator::<false>,
        op::YIELD_VALUE => generator::yield_value::<false>,
        op::SEND => generator::send::<false>,
        op::GET_YIELD_FROM_ITER => generator::get_yield_from_iter::<false>,
        op::GET_AWAITABLE => generator::get_awaitable::<false>,
        op::GET_AITER => generator::get_aiter::<false>,
        op::GET_ANEXT => generator::get_anext::<false>,

        op::MATCH_CLASS => matching::match_class::<false>,
        op::MATCH_KEYS => matching::match_keys::<false>,
        op::MATCH_MAPPING => matching::match_mapping::<false>,
        op::MATCH_SEQUENCE => matching::match_sequence::<false>,

        _ => jump::unsupported::<false>,
    }
}

/// Replaces frequent pairs by one handler that does both. The second instruction stays as it is, for jumps to it.
pub(crate) unsafe fn fuse(code: *mut Tier1Code) {
    // SAFETY: freshly decoded code.
    unsafe {
        for offset in 0..(*code).len() {
            let base = (*code).base_op(offset);
            if base.opcode == op::BINARY_OP {
                fused::fuse_with_load(Tier1Code::inst(code, offset), binary::first_operands(base.oparg));
            }
        }
    }
}
