//! Access to the parts of built-in objects that handlers and the recorder read.

use super::api::*;
use super::layout::*;
use super::special::look_up;

impl Tuple {
    /// Item `i`, borrowed.
    ///
    /// # Safety
    /// The index is in range.
    #[inline(always)]
    pub unsafe fn item(this: *mut Self, i: usize) -> *mut Object {
        // SAFETY: the caller's.
        unsafe { *Self::items(this).add(i) }
    }

    /// Address of the items.
    ///
    /// # Safety
    /// `this` is a tuple.
    #[inline(always)]
    pub unsafe fn items(this: *mut Self) -> *mut *mut Object {
        // SAFETY: the caller's.
        unsafe { (&raw mut (*this).ob_item).cast() }
    }

    /// Number of items.
    ///
    /// # Safety
    /// `this` is a tuple.
    #[inline(always)]
    pub unsafe fn len(this: *mut Self) -> usize {
        // SAFETY: the caller's.
        unsafe { (*this).ob_base.ob_size as usize }
    }

    /// The items; null are those that it was not given yet.
    ///
    /// # Safety
    /// `this` is a tuple, and the slice does not outlive it.
    #[inline(always)]
    pub unsafe fn as_slice<'a>(this: *mut Self) -> &'a [*mut Object] {
        // SAFETY: the caller's.
        unsafe { core::slice::from_raw_parts(Self::items(this), Self::len(this)) }
    }
}

impl Bytes {
    /// The bytes.
    ///
    /// # Safety
    /// The slice must not outlive the object.
    #[inline(always)]
    pub unsafe fn as_slice<'a>(this: *mut Self) -> &'a [u8] {
        // SAFETY: the caller's.
        unsafe { core::slice::from_raw_parts((&raw const (*this).ob_sval).cast(), (*this).ob_base.ob_size as usize) }
    }
}

impl AsciiStr {
    /// `PyUnicode_KIND`.
    ///
    /// # Safety
    /// `this` is a str.
    #[inline(always)]
    pub unsafe fn kind(this: *mut Self) -> u32 {
        // SAFETY: the caller's.
        unsafe { ((*this).state & STR_KIND) >> STR_KIND.trailing_zeros() }
    }

    /// `PyUnicode_IS_ASCII`.
    ///
    /// # Safety
    /// `this` is a str.
    #[inline(always)]
    pub unsafe fn is_ascii(this: *mut Self) -> bool {
        // SAFETY: the caller's.
        unsafe { (*this).state & STR_ASCII != 0 }
    }

    /// `PyUnicode_READ_CHAR`.
    ///
    /// # Safety
    /// `this` is an exact str, the index below its length.
    #[inline(always)]
    pub unsafe fn char_at(this: *mut Self, index: usize) -> u32 {
        // SAFETY: the caller's; the characters of exact strings follow their headers.
        unsafe {
            if Self::is_ascii(this) {
                return u32::from(*this.add(1).cast::<u8>().add(index));
            }
            let data = this.cast::<CompactStr>().add(1);
            match Self::kind(this) {
                1 => u32::from(*data.cast::<u8>().add(index)),
                2 => u32::from(*data.cast::<u16>().add(index)),
                _ => *data.cast::<u32>().add(index),
            }
        }
    }

    /// `PyUnicode_CHECK_INTERNED`.
    ///
    /// # Safety
    /// `this` is a str.
    #[inline(always)]
    pub unsafe fn is_interned(this: *mut Self) -> bool {
        // SAFETY: the caller's.
        unsafe { (*this).state & STR_INTERNED != 0 }
    }
}

impl List {
    /// Number of items.
    ///
    /// # Safety
    /// `this` is a list.
    #[inline(always)]
    pub unsafe fn len(this: *mut Self) -> usize {
        // SAFETY: the caller's.
        unsafe { (*this).ob_base.ob_size as usize }
    }

    /// Item `i`, borrowed.
    ///
    /// # Safety
    /// The index is in range.
    #[inline(always)]
    pub unsafe fn item(this: *mut Self, i: usize) -> *mut Object {
        // SAFETY: the caller's.
        unsafe { *(*this).ob_item.add(i) }
    }
}

/// `lv_tag` of 0: any tag below this is a compact int (at most one digit).
pub const LONG_COMPACT_LIMIT: usize = 2 << LONG_NON_SIZE_BITS;

/// Offset of `PyMethodObject.im_weakreflist`, which follows the receiver.
pub const BOUND_METHOD_WEAK_REFERENCES: usize =
    core::mem::offset_of!(BoundMethod, im_self) + core::mem::size_of::<*mut Object>();

impl Long {
    /// Whether the value fits one digit (`_PyLong_IsCompact`).
    ///
    /// # Safety
    /// `this` is an int.
    #[inline(always)]
    pub unsafe fn is_compact(this: *mut Self) -> bool {
        // SAFETY: the caller's.
        unsafe { (*this).lv_tag < LONG_COMPACT_LIMIT }
    }

    /// The value of a compact int (`_PyLong_CompactValue`).
    ///
    /// # Safety
    /// The int is compact.
    #[inline(always)]
    pub unsafe fn compact_value(this: *mut Self) -> i64 {
        // SAFETY: the caller's; the sign is 1 for positive, 0 reversed below: tag bits 0, 1, 2 are +, 0, -.
        unsafe { (1 - ((*this).lv_tag & LONG_SIGN_MASK) as i64) * (*this).ob_digit[0] as i64 }
    }

    /// Gives an int that nobody sees yet a value of one digit, not zero.
    ///
    /// # Safety
    /// The caller owns the object, which has room for a digit.
    #[inline(always)]
    pub unsafe fn set_compact(this: *mut Self, value: i64) {
        let sign = if value < 0 { 2 } else { 0 };
        // SAFETY: the caller's.
        unsafe {
            (*this).lv_tag = 1 << LONG_NON_SIZE_BITS | sign;
            (*this).ob_digit[0] = value.unsigned_abs() as u32;
        }
    }

    /// Number of digits.
    ///
    /// # Safety
    /// `this` is an int.
    #[inline(always)]
    pub unsafe fn digit_count(this: *mut Self) -> usize {
        // SAFETY: the caller's.
        unsafe { (*this).lv_tag >> LONG_NON_SIZE_BITS }
    }

    /// Below which magnitude `a % b` is the object `a` itself, if both have one sign: `long_rem` returns its left
    /// operand where that has fewer digits than `b`, or as many and a smaller first one. Zero for divisors of one
    /// digit, whose remainders are always new.
    #[inline]
    pub fn kept_by_remainder(b: i64) -> u64 {
        let magnitude = b.unsigned_abs();
        if magnitude >> LONG_SHIFT == 0 {
            return 0;
        }
        let below_first = magnitude.ilog2() as usize / LONG_SHIFT * LONG_SHIFT;
        magnitude >> below_first << below_first
    }

    /// The value, if it fits an `i64`.
    ///
    /// # Safety
    /// `this` is an int.
    #[inline]
    pub unsafe fn to_i64(this: *mut Self) -> Option<i64> {
        // SAFETY: the caller's.
        unsafe {
            if Self::is_compact(this) {
                return Some(Self::compact_value(this));
            }
            let digits = (&raw const (*this).ob_digit).cast::<u32>();
            let low = *digits as u64 | (*digits.add(1) as u64) << LONG_SHIFT;
            let magnitude = match Self::digit_count(this) {
                2 => low,
                // A third digit has three bits left to it, and not all of them: i64::MIN is left out.
                3 if *digits.add(2) < 8 => low | (*digits.add(2) as u64) << (2 * LONG_SHIFT),
                _ => return None,
            };
            Some(if (*this).lv_tag & LONG_SIGN_MASK == 2 { -(magnitude as i64) } else { magnitude as i64 })
        }
    }
}

/// The preallocated int of a value from -5 to 256, as `PyLong_FromLong` returns it.
///
/// # Safety
/// The value is in that range.
#[inline(always)]
pub unsafe fn small_int(value: i64) -> *mut Object {
    // SAFETY: the caller's; the array lies in _PyRuntime.
    unsafe {
        runtime()
            .byte_add(SMALL_INTS_IN_RUNTIME)
            .cast::<Long>()
            .add((value + SMALL_INT_NEGATIVE as i64) as usize)
            .cast()
    }
}

/// The str of one ASCII character, of which there is but one, immortal.
///
/// # Safety
/// The character is ASCII.
#[inline(always)]
pub unsafe fn ascii_char(c: u8) -> *mut Object {
    // SAFETY: the caller's; the array lies in _PyRuntime.
    unsafe { runtime().byte_add(LATIN1_ASCII_IN_RUNTIME + LATIN1_ASCII_STRIDE * usize::from(c)).cast() }
}

/// Whether [`small_int`] has the value.
#[inline(always)]
pub fn is_small_int(value: i64) -> bool {
    (value.wrapping_add(SMALL_INT_NEGATIVE as i64) as u64) < (SMALL_INT_NEGATIVE + SMALL_INT_POSITIVE) as u64
}

/// Pops an object off one of the interpreter's free lists; null if it is empty.
///
/// # Safety
/// The list holds objects; the caller sets type and value. Must not be used while a reference tracer is active.
#[inline(always)]
pub unsafe fn free_list_pop(list: *mut FreeList) -> *mut Object {
    // SAFETY: the first word of a free object links to the next.
    unsafe {
        let op: *mut Object = (*list).freelist.cast();
        if !op.is_null() {
            (*list).freelist = *op.cast::<*mut ()>();
            (*list).size -= 1;
            // Refcount 1, no flags: what _Py_NewReference stores.
            *op.cast::<u64>() = 1;
        }
        op
    }
}

/// Pushes a dead object on a free list; false if the list is full or disabled.
///
/// # Safety
/// Nobody refers to `op`, which is of the list's kind. Must not be used while a reference tracer is active.
#[inline(always)]
pub unsafe fn free_list_push(list: *mut FreeList, op: *mut Object, max: usize) -> bool {
    // SAFETY: the caller's.
    unsafe {
        // A disabled list has size -1, which is above `max` as an unsigned number.
        if (*list).size as usize >= max {
            return false;
        }
        *op.cast::<*mut ()>() = (*list).freelist;
        (*list).freelist = op.cast();
        (*list).size += 1;
        true
    }
}

/// Disables an interpreter's free lists, so that what dies is freed. What waits in them is lost. A full collection that
/// is asked for enables them again.
///
/// # Safety
/// The interpreter is alive, and its thread calls.
pub unsafe fn disable_free_lists(interp: *mut InterpreterState) {
    // SAFETY: the caller's; the floats' is the first of an array.
    unsafe {
        let lists = interp.cast::<u8>().add(core::mem::offset_of!(InterpreterState, free_floats)).cast::<FreeList>();
        for n in 0..FREE_LISTS {
            lists.add(n).write(FreeList { freelist: core::ptr::null_mut(), size: -1 });
        }
    }
}

impl Type {
    /// `PyType_HasFeature`.
    ///
    /// # Safety
    /// `this` is a type.
    #[inline(always)]
    pub unsafe fn has_flag(this: *mut Self, flag: u64) -> bool {
        // SAFETY: the caller's.
        unsafe { (*this).tp_flags & flag != 0 }
    }

    /// The type's version tag, assigning one if it has none. Zero if CPython has none left for it.
    ///
    /// # Safety
    /// `this` is a type.
    pub unsafe fn version(this: *mut Self) -> u32 {
        // SAFETY: the caller's.
        unsafe {
            if (*this).tp_version_tag == 0 && PyUnstable_Type_AssignVersionTag(this) == 0 {
                return 0;
            }
            (*this).tp_version_tag
        }
    }
}

impl Object {
    /// The inline values of an instance whose type has `TPFLAGS_INLINE_VALUES` (`_PyObject_InlineValues`).
    ///
    /// # Safety
    /// The type has that flag.
    #[inline(always)]
    pub unsafe fn inline_values(this: *mut Self) -> *mut DictValues {
        // SAFETY: the caller's; inline values follow the fixed part of the object.
        unsafe { this.byte_add((*Object::type_of(this)).tp_basicsize as usize).cast() }
    }

    /// Address of the managed dict pointer of an instance whose type has `TPFLAGS_MANAGED_DICT`.
    ///
    /// # Safety
    /// The type has that flag.
    #[inline(always)]
    pub unsafe fn managed_dict(this: *mut Self) -> *mut *mut Dict {
        // SAFETY: the caller's.
        unsafe { this.byte_sub(MANAGED_DICT_OFFSET).cast() }
    }
}

impl DictValues {
    /// Address of value `i`.
    ///
    /// # Safety
    /// The index is below the capacity.
    #[inline(always)]
    pub unsafe fn slot(this: *mut Self, i: usize) -> *mut *mut Object {
        // SAFETY: the caller's.
        unsafe { (&raw mut (*this).values).cast::<*mut Object>().add(i) }
    }

    /// `_PyDictValues_AddToInsertionOrder`.
    ///
    /// # Safety
    /// Slot `i` was empty and has just been filled.
    #[inline(always)]
    pub unsafe fn add_to_insertion_order(this: *mut Self, i: usize) {
        // SAFETY: the insertion order array follows the values.
        unsafe {
            let size = (*this).size as usize;
            let order: *mut u8 = Self::slot(this, (*this).capacity as usize).cast();
            *order.add(size) = i as u8;
            (*this).size = (size + 1) as u8;
        }
    }

    /// `get_index_from_order`: the slot that was filled as number `n`.
    ///
    /// # Safety
    /// More than `n` slots are filled.
    #[inline(always)]
    pub unsafe fn slot_in_order(this: *mut Self, n: usize) -> usize {
        // SAFETY: the insertion order array follows the values.
        unsafe { usize::from(*Self::slot(this, (*this).capacity as usize).cast::<u8>().add(n)) }
    }
}

/// How `dictobject.c` marks an unused index.
const DKIX_EMPTY: isize = -1;
/// `PERTURB_SHIFT` of `dictobject.c`.
const PERTURB_SHIFT: u32 = 5;

impl DictKeys {
    /// The keys' version, assigning one if they have none (`_PyDictKeys_GetVersionForCurrentState`); zero if
    /// none is left. Any change of the set of keys resets it to zero; changes of values do not.
    ///
    /// # Safety
    /// `this` belongs to a live dict or type of the interpreter of `ts`.
    pub unsafe fn version(this: *mut Self, ts: *mut ThreadState) -> u32 {
        // SAFETY: the caller's.
        unsafe {
            if (*this).dk_version == 0 {
                let next = &raw mut (*(*ts).interp).next_keys_version;
                if *next != 0 {
                    (*this).dk_version = *next;
                    *next = (*next).wrapping_add(1);
                }
            }
            (*this).dk_version
        }
    }

    /// The entries of a table whose keys are all strings (`DK_UNICODE_ENTRIES`).
    ///
    /// # Safety
    /// `dk_kind` is not `DICT_KEYS_GENERAL`.
    #[inline(always)]
    pub unsafe fn unicode_entries(this: *mut Self) -> *mut DictUnicodeEntry {
        // SAFETY: the entries follow the index table.
        unsafe { (&raw mut (*this).dk_indices).byte_add(1 << (*this).dk_log2_index_bytes).cast() }
    }

    /// The entries of a general table (`DK_ENTRIES`).
    ///
    /// # Safety
    /// `dk_kind` is `DICT_KEYS_GENERAL`.
    #[inline(always)]
    pub unsafe fn general_entries(this: *mut Self) -> *mut DictGeneralEntry {
        // SAFETY: as above.
        unsafe { (&raw mut (*this).dk_indices).byte_add(1 << (*this).dk_log2_index_bytes).cast() }
    }

    /// Index of `name`, an interned string, among the entries of a table whose keys are all strings. The key there is
    /// an equal string, and another object where it was computed (`vars(x).update({"_" + name: value})`).
    ///
    /// # Safety
    /// `dk_kind` is not `DICT_KEYS_GENERAL`.
    pub unsafe fn index_of_name(this: *mut Self, name: *mut Object) -> Option<usize> {
        // SAFETY: the caller's; interning has computed the hash. A table always has an empty index.
        unsafe {
            let entries = Self::unicode_entries(this);
            let mask = (1usize << (*this).dk_log2_size) - 1;
            let mut perturb = (*name.cast::<AsciiStr>()).hash as usize;
            let mut at = perturb & mask;
            loop {
                let index = Self::index_at(this, at);
                if index == DKIX_EMPTY {
                    return None;
                }
                if index >= 0 {
                    let key = (*entries.offset(index)).me_key;
                    if key == name || Self::is_equal_name(key, name) {
                        return Some(index as usize);
                    }
                }
                perturb >>= PERTURB_SHIFT;
                at = (at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1)) & mask;
            }
        }
    }

    /// Whether a key is the same text in another object than this name.
    #[inline]
    unsafe fn is_equal_name(key: *mut Object, name: *mut Object) -> bool {
        // SAFETY: live exact strings; those in tables have their hashes.
        unsafe { (*key.cast::<AsciiStr>()).hash == (*name.cast::<AsciiStr>()).hash && PyUnicode_Equal(key, name) != 0 }
    }

    /// Entry `at` of the index table (`dictkeys_get_index`).
    #[inline(always)]
    unsafe fn index_at(this: *mut Self, at: usize) -> isize {
        // SAFETY: the index is below the table's size, which decides the width of its entries.
        unsafe {
            let indices = &raw const (*this).dk_indices;
            match (*this).dk_log2_size {
                ..8 => *indices.cast::<i8>().add(at) as isize,
                8..16 => *indices.cast::<i16>().add(at) as isize,
                16..32 => *indices.cast::<i32>().add(at) as isize,
                _ => *indices.cast::<isize>().add(at),
            }
        }
    }
}

/// `Py_TPFLAGS_MANAGED_WEAKREF`.
pub(super) const TPFLAGS_MANAGED_WEAKREF: u64 = 1 << 3;
/// `-MANAGED_WEAKREF_OFFSET`: the list of weak references lies four words before the object.
pub(super) const MANAGED_WEAKREF_OFFSET: usize = 4 * core::mem::size_of::<*mut Object>();

impl Type {
    /// `_PyType_Lookup` of a name: what was found (borrowed) or null; `None` if there is no memory for the name.
    ///
    /// # Safety
    /// `this` is a type; the GIL is held.
    pub unsafe fn look_up(this: *mut Self, name: &core::ffi::CStr) -> Option<*mut Object> {
        // SAFETY: the caller's; the type keeps what is found.
        unsafe {
            let Some(name) = super::owned::Owned::steal(PyUnicode_InternFromString(name.as_ptr())) else {
                PyErr_Clear();
                return None;
            };
            Some(_PyType_Lookup(this, name.as_ptr()))
        }
    }

    /// Whether calls of this class, as `type` does them, make instances by `object.__new__`, which allows it.
    ///
    /// # Safety
    /// `this` is a type.
    pub unsafe fn makes_plain_instances(this: *mut Self) -> bool {
        // SAFETY: the caller's.
        unsafe {
            Self::has_flag(this, TPFLAGS_HEAPTYPE)
                && !Self::has_flag(this, TPFLAGS_IS_ABSTRACT)
                && (*this).tp_new == (*PyBaseObject_Type()).tp_new
                && (*this).tp_alloc == address::PyType_GenericAlloc()
        }
    }

    /// Whether the instances are those of plain Python classes: attributes in inline values, nothing in slots, no
    /// `__del__`. All of it is constant under a type watcher.
    ///
    /// # Safety
    /// `this` is a type.
    pub unsafe fn has_plain_instances(this: *mut Self) -> bool {
        // SAFETY: the caller's; look-ups in types run no Python code.
        unsafe {
            if !Type::has_flag(this, TPFLAGS_HEAPTYPE)
                || !Type::has_flag(this, TPFLAGS_INLINE_VALUES)
                || !Type::has_flag(this, TPFLAGS_MANAGED_WEAKREF)
                || Type::version(this) == 0
            {
                return false;
            }
            let mut ty = this;
            while ty != PyBaseObject_Type() {
                // Number of `__slots__` (`Py_SIZE`), and a destructor of its own.
                if !Type::has_flag(ty, TPFLAGS_HEAPTYPE)
                    || (*ty).ob_base.ob_size != 0
                    || (*ty).tp_dealloc != (*this).tp_dealloc
                {
                    return false;
                }
                ty = (*ty).tp_base;
            }
            Type::look_up(this, c"__del__").is_some_and(|finalizer| finalizer.is_null())
        }
    }

    /// Whether attributes that instances have are found as `object.__getattribute__` finds them. (Those that they have
    /// not may be found by `__getattr__`.) Constant under a type watcher.
    ///
    /// # Safety
    /// `this` is a type.
    pub unsafe fn looks_attributes_up_plainly(this: *mut Self) -> bool {
        // SAFETY: the caller's; look-ups in types run no Python code.
        unsafe {
            if (*this).tp_getattro == super::api::address::PyObject_GenericGetAttr() {
                return true;
            }
            if !Type::has_flag(this, TPFLAGS_HEAPTYPE) {
                return false;
            }
            let fallback = look_up(this, c"__getattr__");
            !fallback.is_null()
                && Object::type_of(fallback) == PyFunction_Type()
                && look_up(this, c"__getattribute__") == look_up(PyBaseObject_Type(), c"__getattribute__")
        }
    }
}

impl Dict {
    /// Whether somebody is told of changes.
    ///
    /// # Safety
    /// `this` is a dict.
    #[inline(always)]
    pub unsafe fn is_watched(this: *mut Self) -> bool {
        // SAFETY: the caller's.
        unsafe { (*this)._ma_watcher_tag & 0xff != 0 }
    }
}

impl Object {
    /// Whether `count` releases of an instance of such a type ([`Type::has_plain_instances`]) run no Python code: it
    /// survives, or has no weak references and no dict, and its attributes survive or are of types that `harmless` says
    /// die unseen.
    ///
    /// # Safety
    /// `this` is such an instance.
    pub unsafe fn dies_quietly(this: *mut Self, count: u32, harmless: fn(*mut Type) -> bool) -> bool {
        // SAFETY: the caller's.
        unsafe {
            if (*this).ob_refcnt > count {
                return true;
            }
            let values = Object::inline_values(this);
            let ty: *mut Object = Object::type_of(this).cast();
            if !(*this.byte_sub(MANAGED_WEAKREF_OFFSET).cast::<*mut Object>()).is_null()
                || !(*Object::managed_dict(this)).is_null()
                || (*values).valid == 0
                || (*ty).ob_refcnt < 2
            {
                return false;
            }
            (0..(*values).capacity as usize).all(|i| {
                let value = *DictValues::slot(values, i);
                // An object may be there several times, but hardly more often than there are attributes.
                value.is_null()
                    || harmless(Object::type_of(value))
                    || (*value).ob_refcnt > u32::from((*values).capacity)
                    || only_once(values, i, value) && (*value).ob_refcnt > 1
            })
        }
    }
}

/// Whether no other attribute but `i` is `value`.
unsafe fn only_once(values: *mut DictValues, i: usize, value: *mut Object) -> bool {
    // SAFETY: the caller's: the values of an instance.
    unsafe { (0..(*values).capacity as usize).all(|n| n == i || *DictValues::slot(values, n) != value) }
}

/// The empty string, which is immortal.
pub fn empty_str() -> *mut Object {
    // SAFETY: a static object in _PyRuntime.
    unsafe { runtime().byte_add(EMPTY_STR_IN_RUNTIME).cast() }
}
