//! C functions of builtin types and modules that are called directly, without materialized frames.
//!
//! THE table: what is listed runs no Python code, handles no signals and starts no collection, given arguments of
//! the listed exact types. That is why certain functions are missing:
//! * whatever turns ints into decimal text or multiplies, divides or raises large ints looks for signals;
//! * `str.format`, `str % args` and `format` call `__format__` or `__str__` of what they are given;
//! * `str.translate`, `dict.update` and the like look keys up that nobody has checked (look-ups are in
//!   `ops/mapping.rs`).
use core::ffi::CStr;

use cpython::abi as py;

/// Sets of exact types.
pub(crate) type Types = u16;
pub(crate) const STR: Types = 1;
pub(crate) const INT: Types = 1 << 1;
pub(crate) const FLOAT: Types = 1 << 2;
pub(crate) const BOOL: Types = 1 << 3;
pub(crate) const NONE: Types = 1 << 4;
pub(crate) const BYTES: Types = 1 << 5;
pub(crate) const LIST: Types = 1 << 6;
pub(crate) const TUPLE: Types = 1 << 7;
/// Of a list or tuple: the items are plain, too, which is checked each time.
pub(crate) const PLAIN_ITEMS: Types = 1 << 15;

const SCALAR: Types = STR | INT | FLOAT | BOOL | NONE | BYTES;
const SEQUENCE: Types = LIST | TUPLE;

/// Whose function it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A method of a type.
    Type(Types),
    /// A function of a module.
    Module(&'static CStr),
}

/// A listed function.
pub(crate) struct Leaf {
    pub name: &'static CStr,
    /// What each argument may be.
    pub takes: &'static [Types],
    /// Arguments that must be given.
    pub required: usize,
    /// Type of the result; 0 where it varies.
    pub gives: Types,
    /// What the receiver must be beyond its type.
    pub receiver: Types,
}

const fn leaf(name: &'static CStr, takes: &'static [Types], required: usize, gives: Types) -> Leaf {
    Leaf { name, takes, required, gives, receiver: 0 }
}

const SEARCH: &[Types] = &[STR, INT | NONE, INT | NONE];

/// Characters are read, compared and copied.
static STR_METHODS: [Leaf; 43] = [
    leaf(c"capitalize", &[], 0, STR),
    leaf(c"casefold", &[], 0, STR),
    leaf(c"center", &[INT, STR], 1, STR),
    leaf(c"count", SEARCH, 1, INT),
    leaf(c"endswith", &[STR | TUPLE, INT | NONE, INT | NONE], 1, BOOL),
    leaf(c"expandtabs", &[INT], 0, STR),
    leaf(c"find", SEARCH, 1, INT),
    leaf(c"index", SEARCH, 1, INT),
    leaf(c"isalnum", &[], 0, BOOL),
    leaf(c"isalpha", &[], 0, BOOL),
    leaf(c"isascii", &[], 0, BOOL),
    leaf(c"isdecimal", &[], 0, BOOL),
    leaf(c"isdigit", &[], 0, BOOL),
    leaf(c"isidentifier", &[], 0, BOOL),
    leaf(c"islower", &[], 0, BOOL),
    leaf(c"isnumeric", &[], 0, BOOL),
    leaf(c"isprintable", &[], 0, BOOL),
    leaf(c"isspace", &[], 0, BOOL),
    leaf(c"istitle", &[], 0, BOOL),
    leaf(c"isupper", &[], 0, BOOL),
    leaf(c"join", &[SEQUENCE], 1, STR),
    leaf(c"ljust", &[INT, STR], 1, STR),
    leaf(c"lower", &[], 0, STR),
    leaf(c"lstrip", &[STR | NONE], 0, STR),
    leaf(c"partition", &[STR], 1, TUPLE),
    leaf(c"removeprefix", &[STR], 1, STR),
    leaf(c"removesuffix", &[STR], 1, STR),
    leaf(c"replace", &[STR, STR, INT], 2, STR),
    leaf(c"rfind", SEARCH, 1, INT),
    leaf(c"rindex", SEARCH, 1, INT),
    leaf(c"rjust", &[INT, STR], 1, STR),
    leaf(c"rpartition", &[STR], 1, TUPLE),
    leaf(c"rsplit", &[STR | NONE, INT], 0, LIST),
    leaf(c"rstrip", &[STR | NONE], 0, STR),
    leaf(c"split", &[STR | NONE, INT], 0, LIST),
    leaf(c"splitlines", &[BOOL], 0, LIST),
    leaf(c"startswith", &[STR | TUPLE, INT | NONE, INT | NONE], 1, BOOL),
    leaf(c"strip", &[STR | NONE], 0, STR),
    leaf(c"swapcase", &[], 0, STR),
    leaf(c"title", &[], 0, STR),
    leaf(c"upper", &[], 0, STR),
    leaf(c"zfill", &[INT], 1, STR),
    // Without arguments: UTF-8, which asks no codec.
    leaf(c"encode", &[], 0, BYTES),
];

/// As for str.
static BYTES_METHODS: [Leaf; 15] = [
    leaf(c"count", &[BYTES | INT, INT | NONE, INT | NONE], 1, INT),
    leaf(c"endswith", &[BYTES | TUPLE, INT | NONE, INT | NONE], 1, BOOL),
    leaf(c"find", &[BYTES | INT, INT | NONE, INT | NONE], 1, INT),
    leaf(c"hex", &[], 0, STR),
    leaf(c"isalpha", &[], 0, BOOL),
    leaf(c"isdigit", &[], 0, BOOL),
    leaf(c"isspace", &[], 0, BOOL),
    leaf(c"lower", &[], 0, BYTES),
    leaf(c"replace", &[BYTES, BYTES, INT], 2, BYTES),
    leaf(c"rfind", &[BYTES | INT, INT | NONE, INT | NONE], 1, INT),
    leaf(c"split", &[BYTES | NONE, INT], 0, LIST),
    leaf(c"startswith", &[BYTES | TUPLE, INT | NONE, INT | NONE], 1, BOOL),
    leaf(c"strip", &[BYTES | NONE], 0, BYTES),
    leaf(c"upper", &[], 0, BYTES),
    // Without arguments: UTF-8, which asks no codec.
    leaf(c"decode", &[], 0, STR),
];

/// Plain items are compared without Python code.
static LIST_METHODS: [Leaf; 3] = [
    leaf(c"copy", &[], 0, LIST),
    Leaf { receiver: PLAIN_ITEMS, ..leaf(c"count", &[SCALAR], 1, INT) },
    Leaf { receiver: PLAIN_ITEMS, ..leaf(c"index", &[SCALAR], 1, INT) },
];

static TUPLE_METHODS: [Leaf; 2] = [
    Leaf { receiver: PLAIN_ITEMS, ..leaf(c"count", &[SCALAR], 1, INT) },
    Leaf { receiver: PLAIN_ITEMS, ..leaf(c"index", &[SCALAR], 1, INT) },
];

static INT_METHODS: [Leaf; 2] = [leaf(c"bit_length", &[], 0, INT), leaf(c"bit_count", &[], 0, INT)];

static FLOAT_METHODS: [Leaf; 2] = [leaf(c"is_integer", &[], 0, BOOL), leaf(c"hex", &[], 0, STR)];

/// Sums, extremes and orders of plain items; texts of bits, which need no division.
static BUILTINS: [Leaf; 13] = [
    leaf(c"ord", &[STR | BYTES], 1, INT),
    leaf(c"chr", &[INT], 1, STR),
    leaf(c"hash", &[SCALAR], 1, INT),
    leaf(c"bin", &[INT], 1, STR),
    leaf(c"hex", &[INT], 1, STR),
    leaf(c"oct", &[INT], 1, STR),
    leaf(c"round", &[FLOAT, INT], 1, 0),
    leaf(c"sum", &[SEQUENCE | PLAIN_ITEMS], 1, 0),
    leaf(c"min", &[SEQUENCE | PLAIN_ITEMS], 1, 0),
    leaf(c"max", &[SEQUENCE | PLAIN_ITEMS], 1, 0),
    leaf(c"sorted", &[SEQUENCE | PLAIN_ITEMS], 1, LIST),
    leaf(c"any", &[SEQUENCE | PLAIN_ITEMS], 1, BOOL),
    leaf(c"all", &[SEQUENCE | PLAIN_ITEMS], 1, BOOL),
];

/// Functions of numbers; those of one float are in [`libm`].
static MATH: [Leaf; 9] = [
    leaf(c"atan2", &[FLOAT | INT, FLOAT | INT], 2, FLOAT),
    leaf(c"copysign", &[FLOAT | INT, FLOAT | INT], 2, FLOAT),
    leaf(c"fmod", &[FLOAT | INT, FLOAT | INT], 2, FLOAT),
    leaf(c"hypot", &[FLOAT | INT, FLOAT | INT], 2, FLOAT),
    leaf(c"isfinite", &[FLOAT | INT], 1, BOOL),
    leaf(c"isinf", &[FLOAT | INT], 1, BOOL),
    leaf(c"isnan", &[FLOAT | INT], 1, BOOL),
    leaf(c"radians", &[FLOAT | INT], 1, FLOAT),
    leaf(c"degrees", &[FLOAT | INT], 1, FLOAT),
];

/// The listed function of that owner and name.
pub(crate) fn find(owner: Owner, name: &CStr) -> Option<&'static Leaf> {
    let table: &[Leaf] = match owner {
        Owner::Type(STR) => &STR_METHODS,
        Owner::Type(BYTES) => &BYTES_METHODS,
        Owner::Type(LIST) => &LIST_METHODS,
        Owner::Type(TUPLE) => &TUPLE_METHODS,
        Owner::Type(INT) => &INT_METHODS,
        Owner::Type(FLOAT) => &FLOAT_METHODS,
        Owner::Module(module) if module == c"builtins" => &BUILTINS,
        Owner::Module(module) if module == c"math" => &MATH,
        _ => return None,
    };
    table.iter().find(|n| n.name == name)
}

unsafe extern "C" {
    fn sin(x: f64) -> f64;
    fn cos(x: f64) -> f64;
    fn tan(x: f64) -> f64;
    fn asin(x: f64) -> f64;
    fn acos(x: f64) -> f64;
    fn atan(x: f64) -> f64;
    fn sinh(x: f64) -> f64;
    fn cosh(x: f64) -> f64;
    fn tanh(x: f64) -> f64;
    fn exp(x: f64) -> f64;
    fn log(x: f64) -> f64;
    fn log2(x: f64) -> f64;
    fn log10(x: f64) -> f64;
}

/// The C library's function behind a function of module `math`, which for a finite argument and a finite result is all
/// that it is; those of `log` want a positive argument.
pub(crate) fn libm(name: &CStr) -> Option<unsafe extern "C" fn(f64) -> f64> {
    Some(match name.to_bytes() {
        b"sin" => sin,
        b"cos" => cos,
        b"tan" => tan,
        b"asin" => asin,
        b"acos" => acos,
        b"atan" => atan,
        b"sinh" => sinh,
        b"cosh" => cosh,
        b"tanh" => tanh,
        b"exp" => exp,
        b"log" => log,
        b"log2" => log2,
        b"log10" => log10,
        _ => return None,
    })
}

/// The set with just the exact type of `object`; 0 if it is none of those named here.
///
/// # Safety
/// `object` is alive.
pub(crate) unsafe fn types_of(object: *mut py::Object) -> Types {
    // SAFETY: the caller's.
    unsafe { set_of(py::Object::type_of(object)) }
}

/// The set with just this type; 0 if it is none of those named here.
pub(crate) fn set_of(ty: *mut py::Type) -> Types {
    let named = [
        (py::PyUnicode_Type(), STR),
        (py::PyLong_Type(), INT),
        (py::PyFloat_Type(), FLOAT),
        (py::PyBool_Type(), BOOL),
        (py::PyBytes_Type(), BYTES),
        (py::PyList_Type(), LIST),
        (py::PyTuple_Type(), TUPLE),
        // SAFETY: None is a static object.
        (unsafe { py::Object::type_of(py::_Py_NoneStruct()) }, NONE),
    ];
    named.iter().find(|(t, _)| *t == ty).map_or(0, |(_, set)| *set)
}

/// The one type of a set of one.
pub(crate) fn type_in(set: Types) -> Option<*mut py::Type> {
    Some(match set {
        STR => py::PyUnicode_Type(),
        INT => py::PyLong_Type(),
        FLOAT => py::PyFloat_Type(),
        BOOL => py::PyBool_Type(),
        BYTES => py::PyBytes_Type(),
        LIST => py::PyList_Type(),
        TUPLE => py::PyTuple_Type(),
        _ => return None,
    })
}
