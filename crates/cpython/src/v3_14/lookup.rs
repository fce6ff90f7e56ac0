//! Lookups in dicts and sets that run no Python code, or say that they would have to.
//!
//! CPython's own lookups call `__eq__` of any key whose hash is the one looked for. These compare *plain* objects
//! only (see [`is_plain`]) and give up where a key with that hash is anything else. They probe CPython's tables in
//! CPython's order; what they find, CPython's lookup finds without running Python code, too.

use super::api::*;
use super::layout::*;
use super::refs::decref;

/// What a lookup answers where only Python code could tell.
pub const UNKNOWN: usize = 1;

/// How deep the tuples may nest that are looked into.
const DEPTH: u32 = 4;

/// Whether hash, comparison, truth, text and death of the object run no Python code, whatever the other operand of a
/// comparison, if that is plain, too: an exact int, float, str, bytes, bool, None, or a tuple of those.
///
/// # Safety
/// `object` is alive.
#[inline]
pub unsafe fn is_plain(object: *mut Object) -> bool {
    // SAFETY: the caller's.
    unsafe { is_plain_within(object, DEPTH) }
}

unsafe fn is_plain_within(object: *mut Object, depth: u32) -> bool {
    // SAFETY: the caller's; a tuple's items live as long as the tuple.
    unsafe {
        let ty = Object::type_of(object);
        if ty == PyUnicode_Type() || ty == PyLong_Type() || ty == PyFloat_Type() {
            return true;
        }
        if ty == PyTuple_Type() {
            let tuple = object.cast::<Tuple>();
            return depth > 0 && (0..Tuple::len(tuple)).all(|i| is_plain_within(Tuple::item(tuple, i), depth - 1));
        }
        ty == PyBool_Type() || ty == PyBytes_Type() || object == _Py_NoneStruct()
    }
}

/// Whether two plain objects are equal; `None` where one is not plain.
///
/// # Safety
/// Both are alive.
pub unsafe fn plain_equal(a: *mut Object, b: *mut Object) -> Option<bool> {
    // SAFETY: the caller's.
    unsafe {
        if Object::type_of(a) == PyUnicode_Type() && Object::type_of(b) == PyUnicode_Type() {
            return Some(PyUnicode_Equal(a, b) != 0);
        }
        if !is_plain(a) || !is_plain(b) {
            return None;
        }
        match PyObject_RichCompareBool(a, b, PY_EQ) {
            n if n < 0 => {
                PyErr_Clear();
                None
            }
            n => Some(n != 0),
        }
    }
}

/// The attribute `name`, an interned str, that an instance itself has, borrowed; null where it has none,
/// [`iteration_end`](super::iteration_end) where only Python code could tell.
///
/// # Safety
/// `object` is alive. Its type looks attributes up plainly.
pub unsafe fn instance_attribute(object: *mut Object, name: *mut Object) -> *mut Object {
    // SAFETY: the caller's; the type's flags say where it keeps attributes.
    unsafe {
        let ty = Object::type_of(object);
        let mut dict = core::ptr::null_mut::<Dict>();
        if Type::has_flag(ty, TPFLAGS_MANAGED_DICT) {
            dict = *Object::managed_dict(object);
            if dict.is_null() && Type::has_flag(ty, TPFLAGS_INLINE_VALUES) {
                let values = Object::inline_values(object);
                return match DictKeys::index_of_name((*ty.cast::<HeapType>()).ht_cached_keys, name) {
                    Some(i) => *DictValues::slot(values, i),
                    None => core::ptr::null_mut(),
                };
            }
        } else if (*ty).tp_dictoffset > 0 {
            dict = *object.byte_add((*ty).tp_dictoffset as usize).cast();
        } else if (*ty).tp_dictoffset < 0 {
            return super::iterators::iteration_end();
        }
        if dict.is_null() {
            return core::ptr::null_mut();
        }
        match dict_find_str(dict, name) {
            0 => core::ptr::null_mut(),
            UNKNOWN => super::iterators::iteration_end(),
            cell => *(cell as *mut *mut Object),
        }
    }
}

const PY_EQ: i32 = 2;

/// The hash of an exact str.
///
/// # Safety
/// `key` is one.
#[inline(always)]
pub unsafe fn str_hash(key: *mut Object) -> isize {
    // SAFETY: the caller's; hashing a str cannot fail.
    unsafe {
        match (*key.cast::<AsciiStr>()).hash {
            -1 => PyObject_Hash(key),
            hash => hash,
        }
    }
}

/// The hash of an int of this value.
#[inline(always)]
pub fn int_hash(value: i64) -> isize {
    // `sys.hash_info.modulus`.
    const MODULUS: u64 = (1 << 61) - 1;
    let magnitude = (value.unsigned_abs() % MODULUS) as isize;
    match if value < 0 { -magnitude } else { magnitude } {
        -1 => -2,
        hash => hash,
    }
}

/// Whether a key of a table is the int `value`; `None` where only Python code could tell.
///
/// # Safety
/// `key` is alive.
#[inline(always)]
unsafe fn is_int(key: *mut Object, value: i64) -> Option<bool> {
    // SAFETY: the caller's.
    unsafe {
        let ty = Object::type_of(key);
        if ty == PyLong_Type() {
            return Some(Long::to_i64(key.cast()) == Some(value));
        }
        // A float or bool may be equal.
        (ty == PyUnicode_Type()).then_some(false)
    }
}

/// Whether a key of a table is the exact str `wanted`, which it is not identical to.
///
/// # Safety
/// Both are alive.
#[inline(always)]
unsafe fn is_str(key: *mut Object, wanted: *mut Object) -> Option<bool> {
    // SAFETY: the caller's.
    unsafe {
        if Object::type_of(key) == PyUnicode_Type() {
            return Some(PyUnicode_Equal(key, wanted) != 0);
        }
        is_plain(key).then_some(false)
    }
}

/// Address of the value of a key: an exact str. Zero where absent, [`UNKNOWN`].
///
/// # Safety
/// `dict` is a dict or of a subclass, `key` an exact str.
#[inline]
pub unsafe fn dict_find_str(dict: *mut Dict, key: *mut Object) -> usize {
    // SAFETY: the caller's.
    unsafe {
        let hash = str_hash(key);
        dict_find_with(dict, hash, key, |k| is_str(k, key))
    }
}

/// As [`dict_find_str`], for the int `value`.
///
/// # Safety
/// `dict` is a dict or of a subclass.
#[inline]
pub unsafe fn dict_find_int(dict: *mut Dict, value: i64) -> usize {
    // SAFETY: the caller's.
    unsafe { dict_find_with(dict, int_hash(value), core::ptr::null_mut(), |k| is_int(k, value)) }
}

/// As [`dict_find_str`], for any key.
///
/// # Safety
/// `dict` is a dict or of a subclass, `key` alive.
pub unsafe fn dict_find(dict: *mut Dict, key: *mut Object) -> usize {
    // SAFETY: the caller's; a plain object's hash cannot fail.
    unsafe {
        if Object::type_of(key) == PyUnicode_Type() {
            let hash = str_hash(key);
            return dict_find_with(dict, hash, key, |k| is_str(k, key));
        }
        if !is_plain(key) {
            return UNKNOWN;
        }
        dict_find_with(dict, PyObject_Hash(key), key, |k| plain_equal(k, key))
    }
}

/// Entry number `i` of the hash table: an index of the entries, -1 for empty, -2 for deleted.
#[inline(always)]
unsafe fn table_index(keys: *mut DictKeys, i: usize) -> isize {
    // SAFETY: the caller's: `i` is below the table's size.
    unsafe {
        let table = &raw const (*keys).dk_indices;
        match (*keys).dk_log2_size {
            0..8 => *table.cast::<i8>().add(i) as isize,
            8..16 => *table.cast::<i16>().add(i) as isize,
            16..32 => *table.cast::<i32>().add(i) as isize,
            _ => *table.cast::<isize>().add(i),
        }
    }
}

/// CPython's `_Py_dict_lookup`, with `matches` to compare keys of that hash other than `same`.
#[inline(always)]
unsafe fn dict_find_with(
    dict: *mut Dict,
    hash: isize,
    same: *mut Object,
    matches: impl Fn(*mut Object) -> Option<bool>,
) -> usize {
    // SAFETY: the caller's; the table's invariants are CPython's.
    unsafe {
        let keys = (*dict).ma_keys;
        if !(*dict).ma_values.is_null() {
            return UNKNOWN;
        }
        let general = usize::from((*keys).dk_kind) == DICT_KEYS_GENERAL;
        let mask = (1usize << (*keys).dk_log2_size) - 1;
        let mut perturb = hash as usize;
        let mut i = perturb & mask;
        loop {
            let index = table_index(keys, i);
            if index >= 0 {
                let (key, key_hash, value) = if general {
                    let entry = DictKeys::general_entries(keys).add(index as usize);
                    ((*entry).me_key, (*entry).me_hash, &raw mut (*entry).me_value)
                } else {
                    let entry = DictKeys::unicode_entries(keys).add(index as usize);
                    let key = (*entry).me_key;
                    (key, (*key.cast::<AsciiStr>()).hash, &raw mut (*entry).me_value)
                };
                if key == same {
                    return value as usize;
                }
                if key_hash == hash {
                    match matches(key) {
                        Some(true) => return value as usize,
                        Some(false) => {}
                        None => return UNKNOWN,
                    }
                }
            } else if index == -1 {
                return 0;
            }
            perturb >>= 5;
            i = i.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
    }
}

/// Whether a set has `key`: 1 if so, 0 if not, 2 where only Python code could tell.
///
/// # Safety
/// `set` is a set or frozenset or of a subclass, `key` alive.
pub unsafe fn set_find(set: *mut Set, key: *mut Object) -> i64 {
    // SAFETY: the caller's; a plain object's hash cannot fail.
    unsafe {
        if Object::type_of(key) == PyUnicode_Type() {
            let hash = str_hash(key);
            return set_find_with(set, hash, key, |k| is_str(k, key));
        }
        if !is_plain(key) {
            return 2;
        }
        set_find_with(set, PyObject_Hash(key), key, |k| plain_equal(k, key))
    }
}

/// CPython's `set_lookkey`.
#[inline(always)]
unsafe fn set_find_with(
    set: *mut Set,
    hash: isize,
    same: *mut Object,
    matches: impl Fn(*mut Object) -> Option<bool>,
) -> i64 {
    const LINEAR_PROBES: usize = 9;
    // SAFETY: the caller's; the table's invariants are CPython's: deleted entries have hash -1, which no key has.
    unsafe {
        let mask = (*set).mask as usize;
        let mut perturb = hash as usize;
        let mut i = perturb & mask;
        loop {
            let probes = if i + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
            for at in i..=i + probes {
                let SetEntry { key, hash: key_hash } = *(*set).table.add(at);
                if key_hash == 0 && key.is_null() {
                    return 0;
                }
                if key_hash == hash {
                    match if key == same { Some(true) } else { matches(key) } {
                        Some(true) => return 1,
                        Some(false) => {}
                        None => return 2,
                    }
                }
            }
            perturb >>= 5;
            i = i.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb) & mask;
        }
    }
}

/// The items of an exact list or tuple.
///
/// # Safety
/// As is said there; the slice must not outlive the sequence's next change.
pub unsafe fn items<'a>(sequence: *mut Object) -> &'a [*mut Object] {
    // SAFETY: the caller's. An empty list has no array.
    unsafe {
        let len = (*sequence.cast::<VarObject>()).ob_size as usize;
        if len == 0 {
            return &[];
        }
        let first = if Object::type_of(sequence) == PyList_Type() {
            (*sequence.cast::<List>()).ob_item
        } else {
            Tuple::items(sequence.cast())
        };
        core::slice::from_raw_parts(first, len)
    }
}

/// Whether all items are plain.
///
/// # Safety
/// `sequence` is an exact list or tuple.
pub unsafe fn items_plain(sequence: *mut Object) -> bool {
    // SAFETY: the caller's.
    unsafe { all_plain(items(sequence), |_| false) }
}

/// Whether each of these objects is plain, or `other` is true of it.
///
/// # Safety
/// They are alive.
#[inline]
pub unsafe fn all_plain(objects: &[*mut Object], other: impl Fn(*mut Object) -> bool) -> bool {
    // Most are of one type, which need not be looked at twice if it says all.
    let mut known = core::ptr::null_mut();
    objects.iter().all(|&object| {
        // SAFETY: the caller's.
        unsafe {
            let ty = Object::type_of(object);
            if ty == known {
                return true;
            }
            let plain = is_plain(object);
            if plain && ty != PyTuple_Type() {
                known = ty;
            }
            plain || other(object)
        }
    })
}

/// Whether an item is equal to `value`: 1 if so, 0 if not, 2 where only Python code could tell.
///
/// # Safety
/// `sequence` is an exact list or tuple, `value` alive.
pub unsafe fn sequence_find(sequence: *mut Object, value: *mut Object) -> i64 {
    // SAFETY: the caller's; comparing plain objects does not change the sequence.
    unsafe {
        for &item in items(sequence) {
            match if item == value { Some(true) } else { plain_equal(item, value) } {
                Some(true) => return 1,
                Some(false) => {}
                None => return 2,
            }
        }
    }
    0
}

/// The method of a static type that has this definition, borrowed; null if it has none of its own. (Asking for it by name would
/// take a new str, and a program may count what is allocated.)
///
/// # Safety
/// A type; the GIL is held.
pub unsafe fn method_of(ty: *mut Type, definition: *const MethodDef) -> *mut Object {
    // SAFETY: the caller's; the dict's values live as long as the type.
    unsafe {
        let dict = PyType_GetDict(ty);
        let (mut position, mut key, mut value) = (0isize, core::ptr::null_mut(), core::ptr::null_mut());
        let mut found: *mut Object = core::ptr::null_mut();
        while found.is_null() && PyDict_Next(dict, &raw mut position, &raw mut key, &raw mut value) != 0 {
            if Object::type_of(value) == PyMethodDescr_Type()
                && core::ptr::eq((*value.cast::<MethodDescr>()).d_method, definition)
            {
                found = value;
            }
        }
        decref(dict);
        found
    }
}
