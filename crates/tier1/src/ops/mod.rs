//! The handlers, by family.

use cpython::abi::*;

use crate::dispatch::Pair;
use crate::inst::{BaseOp, Handler, Inst};

pub(crate) mod attr;
pub(crate) mod attr_cache;
pub(crate) mod attr_choice;
pub(crate) mod binary;
pub(crate) mod build;
pub(crate) mod call;
pub(crate) mod call_class;
pub(crate) mod call_kw;
pub(crate) mod call_native;
pub(crate) mod call_python;
pub(crate) mod call_special;
pub(crate) mod call_varargs;
pub(crate) mod compare;
pub(crate) mod copies;
pub(crate) mod exceptions;
pub(crate) mod finish;
pub(crate) mod float;
pub(crate) mod fused;
pub(crate) mod fused_attr;
pub(crate) mod generator;
pub(crate) mod getitem;
pub(crate) mod global;
pub(crate) mod held;
pub(crate) mod int;
pub(crate) mod isinstance;
pub(crate) mod iter;
pub(crate) mod jump;
pub(crate) mod locals;
pub(crate) mod matching;
pub(crate) mod names;
pub(crate) mod special;
mod special_table;
pub(crate) mod subscript;
pub(crate) mod superinstructions;
pub(crate) mod unary;

/// All handlers, for the recorder's dispatch.
pub(crate) fn tables() -> [&'static [Pair]; 31] {
    [
        attr::TABLE,
        binary::TABLE,
        build::TABLE,
        build::append::TABLE,
        getitem::TABLE,
        call::TABLE,
        call_class::TABLE,
        call_kw::TABLE,
        call_native::TABLE,
        call_python::TABLE,
        call_varargs::TABLE,
        compare::TABLE,
        copies::TABLE,
        exceptions::TABLE,
        float::TABLE,
        fused::TABLE,
        fused_attr::TABLE,
        generator::TABLE,
        global::TABLE,
        int::TABLE,
        isinstance::TABLE,
        iter::TABLE,
        jump::TABLE,
        locals::TABLE,
        matching::TABLE,
        names::TABLE,
        special::TABLE,
        subscript::TABLE,
        superinstructions::TABLE,
        unary::TABLE,
        attr_cache::TABLE,
    ]
}

/// Declares [`PLAIN`].
macro_rules! plain_handlers {
    ($($($opcode:ident)|+ => $handler:expr;)*) => {
        /// The handlers that instructions start with, by opcode, unless [`select`] knows better.
        pub(crate) const PLAIN: [Handler; 256] = {
            let mut table: [Handler; 256] = [jump::unsupported::<false>; 256];
            $($(table[op::$opcode as usize] = $handler;)+)*
            table
        };
    };
}

plain_handlers! {
    NOP | NOT_TAKEN | EXTENDED_ARG => jump::nop::<false>;
    RESUME => jump::resume_checked::<false>;
    POP_JUMP_IF_FALSE => jump::pop_jump_if_false_bare::<false>;
    POP_JUMP_IF_TRUE => jump::pop_jump_if_true_bare::<false>;
    JUMP_FORWARD => jump::jump_forward::<false>;
    JUMP_BACKWARD => jump::jump_backward::<false>;
    JUMP_BACKWARD_NO_INTERRUPT => jump::jump_backward_no_interrupt::<false>;
    POP_JUMP_IF_NONE => jump::pop_jump_if_none::<false>;
    POP_JUMP_IF_NOT_NONE => jump::pop_jump_if_not_none::<false>;

    LOAD_FAST => locals::load_fast::<false>;
    LOAD_FAST_BORROW => locals::load_fast_borrow::<false>;
    LOAD_FAST_BORROW_LOAD_FAST_BORROW => locals::load_fast_borrow_load_fast_borrow::<false>;
    LOAD_FAST_LOAD_FAST => locals::load_fast_load_fast::<false>;
    LOAD_FAST_CHECK => locals::load_fast_check::<false>;
    LOAD_FAST_AND_CLEAR => locals::load_fast_and_clear::<false>;
    STORE_FAST => locals::store_fast::<false>;
    STORE_FAST_LOAD_FAST => locals::store_fast_load_fast::<false>;
    STORE_FAST_STORE_FAST => locals::store_fast_store_fast::<false>;
    DELETE_FAST => locals::delete_fast::<false>;
    LOAD_CONST => locals::load_const::<false>;
    LOAD_SMALL_INT => locals::load_borrowed_const::<false>;
    LOAD_COMMON_CONSTANT => locals::load_common_constant::<false>;
    PUSH_NULL => locals::push_null::<false>;
    COPY => locals::copy::<false>;
    SWAP => locals::swap::<false>;
    POP_TOP | POP_ITER | END_FOR => locals::pop_top::<false>;
    END_SEND => locals::end_send::<false>;
    MAKE_CELL => locals::make_cell::<false>;
    COPY_FREE_VARS => locals::copy_free_vars::<false>;
    LOAD_DEREF => locals::load_deref::<false>;
    STORE_DEREF => locals::store_deref::<false>;
    DELETE_DEREF => locals::delete_deref::<false>;

    BINARY_SLICE => subscript::binary_slice::<false>;
    STORE_SLICE => subscript::store_slice::<false>;
    STORE_SUBSCR => subscript::store_subscr_list_int::<false>;
    DELETE_SUBSCR => subscript::delete_subscr::<false>;
    IS_OP => compare::is_op::<false>;
    CONTAINS_OP => compare::contains_op::<false>;
    TO_BOOL => unary::to_bool::<false>;
    UNARY_NOT => unary::unary_not::<false>;
    UNARY_NEGATIVE => unary::unary_negative::<false>;
    UNARY_INVERT => unary::unary_invert::<false>;

    GET_ITER => iter::get_iter::<false>;
    FOR_ITER => iter::for_iter::<false>;
    GET_LEN => iter::get_len::<false>;
    UNPACK_SEQUENCE => iter::unpack_sequence::<false>;
    UNPACK_EX => iter::unpack_ex::<false>;

    LOAD_GLOBAL => global::load_global::<false>;
    STORE_GLOBAL => global::store_global::<false>;
    DELETE_GLOBAL => global::delete_global::<false>;
    LOAD_NAME => names::load_name::<false>;
    STORE_NAME => names::store_name::<false>;
    DELETE_NAME => names::delete_name::<false>;
    LOAD_LOCALS => names::load_locals::<false>;
    LOAD_FROM_DICT_OR_GLOBALS => names::load_from_dict_or_globals::<false>;
    LOAD_FROM_DICT_OR_DEREF => names::load_from_dict_or_deref::<false>;
    SETUP_ANNOTATIONS => names::setup_annotations::<false>;
    LOAD_BUILD_CLASS => names::load_build_class::<false>;
    IMPORT_NAME => names::import_name::<false>;
    IMPORT_FROM => names::import_from::<false>;

    LOAD_ATTR => attr::load_attr::<false>;
    STORE_ATTR => attr::store_attr::<false>;
    DELETE_ATTR => attr::delete_attr::<false>;
    LOAD_SUPER_ATTR => attr::load_super_attr::<false>;
    LOAD_SPECIAL => attr::load_special::<false>;

    CALL => call::call::<false>;
    CALL_KW => call::call_kw::<false>;
    CALL_FUNCTION_EX => call::call_function_ex::<false>;
    CALL_INTRINSIC_1 => call::call_intrinsic_1::<false>;
    CALL_INTRINSIC_2 => call::call_intrinsic_2::<false>;
    RETURN_VALUE => call_python::return_value::<false>;
    MAKE_FUNCTION => call_python::make_function::<false>;
    SET_FUNCTION_ATTRIBUTE => call_python::set_function_attribute::<false>;

    BUILD_LIST => build::build_list::<false>;
    BUILD_TUPLE => build::build_tuple::<false>;
    BUILD_MAP => build::build_map::<false>;
    BUILD_SET => build::build_set::<false>;
    BUILD_SLICE => build::build_slice::<false>;
    BUILD_STRING => build::build_string::<false>;
    BUILD_INTERPOLATION => build::build_interpolation::<false>;
    BUILD_TEMPLATE => build::build_template::<false>;
    LIST_APPEND => build::append::list_append::<false>;
    LIST_EXTEND => build::list_extend::<false>;
    SET_ADD => build::set_add::<false>;
    SET_UPDATE => build::set_update::<false>;
    MAP_ADD => build::map_add::<false>;
    DICT_MERGE => build::dict_merge::<false>;
    DICT_UPDATE => build::dict_update::<false>;
    FORMAT_SIMPLE => build::format_simple::<false>;
    FORMAT_WITH_SPEC => build::format_with_spec::<false>;
    CONVERT_VALUE => build::convert_value::<false>;

    PUSH_EXC_INFO => exceptions::push_exc_info::<false>;
    POP_EXCEPT => exceptions::pop_except::<false>;
    CHECK_EXC_MATCH => exceptions::check_exc_match::<false>;
    CHECK_EG_MATCH => exceptions::check_eg_match::<false>;
    RAISE_VARARGS => exceptions::raise_varargs::<false>;
    RERAISE => exceptions::reraise::<false>;
    WITH_EXCEPT_START => exceptions::with_except_start::<false>;
    CLEANUP_THROW => exceptions::cleanup_throw::<false>;
    END_ASYNC_FOR => exceptions::end_async_for::<false>;

    RETURN_GENERATOR => generator::return_generator::<false>;
    YIELD_VALUE => generator::yield_value::<false>;
    SEND => generator::send::<false>;
    GET_YIELD_FROM_ITER => generator::get_yield_from_iter::<false>;
    GET_AWAITABLE => generator::get_awaitable::<false>;
    GET_AITER => generator::get_aiter::<false>;
    GET_ANEXT => generator::get_anext::<false>;

    MATCH_CLASS => matching::match_class::<false>;
    MATCH_KEYS => matching::match_keys::<false>;
    MATCH_MAPPING => matching::match_mapping::<false>;
    MATCH_SEQUENCE => matching::match_sequence::<false>;
}

/// The handler an instruction starts with, `next` being the opcode of the one behind it.
pub(crate) fn select(base: BaseOp, next: u8) -> Handler {
    match (base.opcode, next) {
        // After `yield from` and `await` CPython does not look for events.
        (op::RESUME, _) if base.oparg & 3 >= 2 => jump::resume_unchecked::<false>,
        (op::RESUME, op::POP_TOP) => generator::resume_and_pop::<false>,
        (op::POP_JUMP_IF_FALSE, op::NOT_TAKEN) => jump::pop_jump_if_false::<false>,
        (op::POP_JUMP_IF_TRUE, op::NOT_TAKEN) => jump::pop_jump_if_true::<false>,
        (op::BINARY_OP, _) => binary::select(base.oparg, next),
        (op::COMPARE_OP, _) => compare::select(base, next),
        _ => PLAIN[base.opcode as usize],
    }
}

/// Fuses the arithmetic instruction at `ip` with the one before if such a pair is frequent. The second stays as it is,
/// for jumps to it.
pub(crate) unsafe fn fuse(ip: *mut Inst) {
    // SAFETY: freshly decoded code.
    unsafe { fused::fuse_with_load(ip, binary::first_operands((*ip).a)) }
}
