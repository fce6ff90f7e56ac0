//! The offsets that uop bodies use are those of the supported interpreters.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::mem::offset_of;

use cpython::abi::{
    self, AsciiStr, Dict, Float, Frame, List, Long, Object, Set, ThreadState, ThreadStateImpl, Tuple, Type, VarObject,
};
use uops::layout;

#[test]
fn offsets_of_uops_are_cpythons() {
    let pairs = [
        ("REFCNT", layout::REFCNT, offset_of!(Object, ob_refcnt)),
        ("FLAGS", layout::FLAGS, offset_of!(Object, ob_flags)),
        ("TYPE", layout::TYPE, offset_of!(Object, ob_type)),
        ("LONG_TAG", layout::LONG_TAG, offset_of!(Long, lv_tag)),
        ("LONG_DIGIT", layout::LONG_DIGIT, offset_of!(Long, ob_digit)),
        ("FLOAT_VALUE", layout::FLOAT_VALUE, offset_of!(Float, ob_fval)),
        ("VAR_SIZE", layout::VAR_SIZE, offset_of!(VarObject, ob_size)),
        ("LIST_ITEMS", layout::LIST_ITEMS, offset_of!(List, ob_item)),
        ("TUPLE_ITEMS", layout::TUPLE_ITEMS, offset_of!(Tuple, ob_item)),
        ("DICT_USED", layout::DICT_USED, offset_of!(Dict, ma_used)),
        ("DICT_WATCHERS", layout::DICT_WATCHERS, offset_of!(Dict, _ma_watcher_tag)),
        ("SET_USED", layout::SET_USED, offset_of!(Set, used)),
        ("STR_LENGTH", layout::STR_LENGTH, offset_of!(AsciiStr, length)),
        ("TYPE_VERSION", layout::TYPE_VERSION, offset_of!(Type, tp_version_tag)),
        ("FRAME_GLOBALS", layout::FRAME_GLOBALS, offset_of!(Frame, f_globals)),
        ("FRAME_BUILTINS", layout::FRAME_BUILTINS, offset_of!(Frame, f_builtins)),
        ("FRAME_NAMESPACE", layout::FRAME_NAMESPACE, offset_of!(Frame, f_locals)),
        ("FRAME_OBJECT", layout::FRAME_OBJECT, offset_of!(Frame, frame_obj)),
        ("FRAME_LOCALS", layout::FRAME_LOCALS, offset_of!(Frame, localsplus)),
        ("TSTATE_RECURSION", layout::TSTATE_RECURSION, offset_of!(ThreadState, py_recursion_remaining)),
        ("TSTATE_DATASTACK_TOP", layout::TSTATE_DATASTACK_TOP, offset_of!(ThreadState, datastack_top)),
        ("TSTATE_DATASTACK_LIMIT", layout::TSTATE_DATASTACK_LIMIT, offset_of!(ThreadState, datastack_limit)),
        ("TSTATE_C_STACK_LIMIT", layout::TSTATE_C_STACK_LIMIT, offset_of!(ThreadStateImpl, c_stack_soft_limit)),
    ];
    for (name, uops, cpython) in pairs {
        assert_eq!(uops, cpython as isize, "uops::layout::{name}");
    }
}

#[test]
fn marks_of_uops_are_cpythons() {
    assert_eq!(layout::IMMORTAL, abi::IMMORTAL_MINIMUM_REFCNT);
    assert_eq!(layout::LONG_COMPACT_END, 2 << abi::LONG_NON_SIZE_BITS);
    assert_eq!(layout::TAG_BORROWED, abi::TAG_REFCNT as u64);
}
