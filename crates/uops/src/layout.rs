//! The few object fields that uop bodies touch. A test of crate `cpython` compares each with the supported versions.

/// `ob_refcnt`, the 32-bit half that counts (3.12 and later).
pub const REFCNT: isize = 0;
/// `ob_flags`; its lowest bit says immortal.
pub const FLAGS: isize = 6;
/// `ob_type`.
pub const TYPE: isize = 8;
/// `PyLongObject.long_value.lv_tag`: sign in bits 0-1 (0 positive, 1 zero, 2 negative), digits from bit 3.
pub const LONG_TAG: isize = 16;
/// `PyLongObject.long_value.ob_digit`.
pub const LONG_DIGIT: isize = 24;
/// Tags below this are compact (at most one digit).
pub const LONG_COMPACT_END: u64 = 16;
/// `PyFloatObject.ob_fval`.
pub const FLOAT_VALUE: isize = 16;
/// `PyVarObject.ob_size`.
pub const VAR_SIZE: isize = 16;
/// `PyListObject.ob_item`.
pub const LIST_ITEMS: isize = 24;
/// `PyTupleObject.ob_item`.
pub const TUPLE_ITEMS: isize = 32;
/// `PyDictObject.ma_used`.
pub const DICT_USED: isize = 16;
/// The byte of `PyDictObject._ma_watcher_tag` that names the watchers.
pub const DICT_WATCHERS: isize = 24;
/// `PySetObject.used`.
pub const SET_USED: isize = 24;
/// `PyASCIIObject.length`.
pub const STR_LENGTH: isize = 16;
/// `PyTypeObject.tp_version_tag`.
pub const TYPE_VERSION: isize = 384;
/// Reference counts at or above this (as unsigned 32 bits) are immortal.
pub const IMMORTAL: u32 = 1 << 31;
/// The stack-ref tag that marks a borrowed or immortal reference.
pub const TAG_BORROWED: u64 = 1;
/// Bits of a stack ref that are no pointer bits.
pub const TAG_MASK: u64 = 3;

/// `NativeFrame` fields, as offsets from the base pointer (`codegen::abi` lays the frame out).
pub const CX_FRAME: isize = -16;
/// Thread state.
pub const CX_TSTATE: isize = -24;
/// Address of the thread's eval breaker word.
pub const CX_EVAL_BREAKER: isize = -32;
/// `_PyInterpreterFrame.f_globals`.
pub const FRAME_GLOBALS: isize = 24;
/// `_PyInterpreterFrame.f_builtins`.
pub const FRAME_BUILTINS: isize = 32;
/// `_PyInterpreterFrame.f_locals`.
pub const FRAME_NAMESPACE: isize = 40;
/// Whether the frame is in the thread's chain of frames.
pub const CX_LINKED: isize = -36;
/// `_PyInterpreterFrame.frame_obj`.
pub const FRAME_OBJECT: isize = 48;
/// `_PyInterpreterFrame.localsplus`.
pub const FRAME_LOCALS: isize = 80;
/// `PyThreadState.py_recursion_remaining`.
pub const TSTATE_RECURSION: isize = 48;
/// `PyThreadState.datastack_top`.
pub const TSTATE_DATASTACK_TOP: isize = 240;
/// `PyThreadState.datastack_limit`.
pub const TSTATE_DATASTACK_LIMIT: isize = 248;
/// `_PyThreadStateImpl.c_stack_soft_limit`.
pub const TSTATE_C_STACK_LIMIT: isize = 848;
