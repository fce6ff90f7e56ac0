//! Special methods written in Python that instructions call: which one, and what C code does with its answer.
//!
//! CPython calls them through slots of the type, which are `slot_nb_add` and its like where a class defines the method
//! in Python. What is decided here is what those functions, and their callers in `abstract.c`, would do.

use core::ffi::CStr;

use super::api::*;
use super::layout::*;
use super::refs::*;
use super::types::*;

/// What is known of an arithmetic operator, by the argument of `BINARY_OP`.
struct Operator {
    /// Offset of its function in `PyNumberMethods`, and of that of its in-place form.
    slot: usize,
    in_place_slot: usize,
    name: &'static CStr,
    reflected: &'static CStr,
    in_place: &'static CStr,
    symbol: &'static str,
}

const fn operator(
    slot: usize,
    in_place_slot: usize,
    name: &'static CStr,
    reflected: &'static CStr,
    in_place: &'static CStr,
    symbol: &'static str,
) -> Operator {
    Operator { slot: 8 * slot, in_place_slot: 8 * in_place_slot, name, reflected, in_place, symbol }
}

/// In the order of [`nb`]. Powers have three operands, and are not among them.
const OPERATORS: [Option<Operator>; 13] = [
    Some(operator(0, 19, c"__add__", c"__radd__", c"__iadd__", "+")),
    Some(operator(13, 26, c"__and__", c"__rand__", c"__iand__", "&")),
    Some(operator(29, 31, c"__floordiv__", c"__rfloordiv__", c"__ifloordiv__", "//")),
    Some(operator(11, 24, c"__lshift__", c"__rlshift__", c"__ilshift__", "<<")),
    Some(operator(34, 35, c"__matmul__", c"__rmatmul__", c"__imatmul__", "@")),
    Some(operator(2, 21, c"__mul__", c"__rmul__", c"__imul__", "*")),
    Some(operator(3, 22, c"__mod__", c"__rmod__", c"__imod__", "%")),
    Some(operator(15, 28, c"__or__", c"__ror__", c"__ior__", "|")),
    None,
    Some(operator(12, 25, c"__rshift__", c"__rrshift__", c"__irshift__", ">>")),
    Some(operator(1, 20, c"__sub__", c"__rsub__", c"__isub__", "-")),
    Some(operator(30, 32, c"__truediv__", c"__rtruediv__", c"__itruediv__", "/")),
    Some(operator(14, 27, c"__xor__", c"__rxor__", c"__ixor__", "^")),
];

/// The argument of a `BINARY_OP` as if it were not in place. (A subscript's stays what it is: behind all others.)
#[inline(always)]
pub const fn plain_operator(oparg: u32) -> u32 {
    if oparg >= nb::INPLACE_ADD && oparg < nb::SUBSCR { oparg - nb::INPLACE_ADD } else { oparg }
}

/// The operator, and whether it is in place.
fn operator_of(oparg: u32) -> Option<(&'static Operator, bool)> {
    let n = plain_operator(oparg);
    Some((OPERATORS.get(n as usize)?.as_ref()?, n != oparg))
}

/// What a type has by this name; null if nothing.
pub(super) unsafe fn look_up(ty: *mut Type, name: &CStr) -> *mut Object {
    // SAFETY: the caller's; looking up an interned name in types runs no Python code.
    unsafe {
        let name = PyUnicode_InternFromString(name.as_ptr());
        if name.is_null() {
            PyErr_Clear();
            return name;
        }
        let found = _PyType_Lookup(ty, name);
        decref(name);
        found
    }
}

/// The Python function that a class has as this special method. Constant under a type watcher.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn special_function(ty: *mut Type, name: &CStr) -> Option<*mut Function> {
    // SAFETY: the caller's.
    unsafe {
        if !Type::has_flag(ty, TPFLAGS_HEAPTYPE) || Type::version(ty) == 0 {
            return None;
        }
        let found = look_up(ty, name);
        (!found.is_null() && Object::type_of(found) == PyFunction_Type()).then_some(found.cast())
    }
}

/// Whether a type has `object`'s method of this name.
unsafe fn inherits_from_object(ty: *mut Type, name: &CStr) -> bool {
    // SAFETY: the caller's.
    unsafe { look_up(ty, name) == look_up(PyBaseObject_Type(), name) }
}

/// The Python function that `str(x)` calls: `__str__`, or `__repr__` where `object`'s calls that. Constant under a type
/// watcher.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn str_function(ty: *mut Type) -> Option<*mut Function> {
    // SAFETY: the caller's.
    unsafe {
        match special_function(ty, c"__str__") {
            None if inherits_from_object(ty, c"__str__") => special_function(ty, c"__repr__"),
            found => found,
        }
    }
}

/// As [`str_function`], for `format(x)`, where `object`'s `__format__` calls `str(x)`.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn str_function_of_format(ty: *mut Type) -> Option<*mut Function> {
    // SAFETY: the caller's.
    unsafe { if inherits_from_object(ty, c"__format__") { str_function(ty) } else { None } }
}

/// Sets the `TypeError` for an answer of `__str__`, `__repr__` or `__format__` that is no str; whether it is none.
///
/// # Safety
/// `answer` is alive; `message` has one place, for a type's name; the GIL is held.
pub unsafe fn refuse_as_text(answer: *mut Object, message: &CStr) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let ty = Object::type_of(answer);
        let refused = PyType_IsSubtype(ty, PyUnicode_Type()) == 0;
        if refused {
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), (*ty).tp_name);
        }
        refused
    }
}

/// The Python function that a class has as its `__call__`, if that is how its instances are called. Constant under a
/// type watcher.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn called_function(ty: *mut Type) -> Option<*mut Function> {
    // SAFETY: the caller's.
    unsafe {
        if Type::has_flag(ty, TPFLAGS_HAVE_VECTORCALL) {
            return None;
        }
        special_function(ty, c"__call__")
    }
}

/// Whether objects of this type are classes, called as `type` does it.
///
/// # Safety
/// `ty` is a live type.
#[inline]
pub unsafe fn is_made_by_type(ty: *mut Type) -> bool {
    // SAFETY: the caller's.
    unsafe { Type::has_flag(ty, TPFLAGS_TYPE_SUBCLASS) && (*ty).tp_call == (*PyType_Type()).tp_call }
}

/// A number's function at an offset, if its type has one.
unsafe fn number_slot(ty: *mut Type, offset: usize) -> Option<BinaryFn> {
    // SAFETY: the caller's; the structure has that many fields.
    unsafe {
        let methods = (*ty).tp_as_number;
        if methods.is_null() { None } else { *methods.byte_add(offset).cast() }
    }
}

/// Whether sequences of this type are concatenated or repeated by arithmetic.
unsafe fn is_sequence(ty: *mut Type) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let methods = (*ty).tp_as_sequence;
        !methods.is_null() && (!(*methods).sq_concat.is_null() || !(*methods).sq_repeat.is_null())
    }
}

/// The method that `BINARY_OP` calls first, and alone unless that answers `NotImplemented`.
pub struct OperatorMethod {
    pub function: *mut Function,
    /// It is the right operand's: the left one is a number that knows nothing of it.
    pub reflected: bool,
}

/// Which Python function `left op right` calls. Depends on the operands' types alone.
///
/// # Safety
/// The operands are alive.
pub unsafe fn operator_method(left: *mut Object, right: *mut Object, oparg: u32) -> Option<OperatorMethod> {
    let (op, in_place) = operator_of(oparg)?;
    // SAFETY: the caller's.
    unsafe {
        let (l, r) = (Object::type_of(left), Object::type_of(right));
        if is_sequence(l) || is_sequence(r) && Type::has_flag(r, TPFLAGS_HEAPTYPE) {
            return None;
        }
        if l == PyLong_Type() || l == PyFloat_Type() {
            // A float takes ints of all kinds for numbers, an int only ints.
            if PyType_IsSubtype(r, l) != 0 || PyType_IsSubtype(r, PyLong_Type()) != 0 {
                return None;
            }
            return special_function(r, op.reflected).map(|function| OperatorMethod { function, reflected: true });
        }
        if in_place && let Some(function) = special_function(l, op.in_place) {
            return Some(OperatorMethod { function, reflected: false });
        }
        if in_place && number_slot(l, op.in_place_slot).is_some() || l != r && PyType_IsSubtype(r, l) != 0 {
            return None;
        }
        special_function(l, op.name).map(|function| OperatorMethod { function, reflected: false })
    }
}

/// `left op right` after the method that [`operator_method`] found has answered `NotImplemented`.
///
/// # Safety
/// The operands are alive; the GIL is held.
pub unsafe fn operator_after_not_implemented(left: *mut Object, right: *mut Object, oparg: u32) -> *mut Object {
    let (op, in_place) = operator_of(oparg).expect("a method was found for it");
    // SAFETY: the caller's.
    unsafe {
        let not_implemented = _Py_NotImplementedStruct();
        let (l, r) = (Object::type_of(left), Object::type_of(right));
        let (left_slot, right_slot) = (number_slot(l, op.slot), number_slot(r, op.slot));
        let address = |f: Option<BinaryFn>| f.map(|f| f as usize);
        let mut result = not_implemented;
        if in_place && number_slot(l, op.in_place_slot).is_some() {
            // That was `__iadd__`; now as if it were not there.
            let differs = address(left_slot) != address(right_slot);
            let mut other = right_slot.filter(|_| l != r && differs);
            if left_slot.is_some()
                && PyType_IsSubtype(r, l) != 0
                && let Some(f) = other.take()
            {
                result = f(left, right);
            }
            if result == not_implemented
                && let Some(f) = left_slot
            {
                result = f(left, right);
            }
            if result == not_implemented
                && let Some(f) = other
            {
                result = f(left, right);
            }
        } else if l != r && l != PyLong_Type() && l != PyFloat_Type() {
            if address(left_slot) == address(right_slot) {
                // Both are classes: the one function goes on with the other's reflected method.
                let method = look_up(r, op.reflected);
                if !method.is_null() {
                    result = call_special(method, right, left);
                }
            } else if let Some(f) = right_slot {
                result = f(left, right);
            }
        }
        if result == not_implemented {
            let sign = if in_place { "=" } else { "" };
            let message = format!(
                "unsupported operand type(s) for {}{sign}: '{}' and '{}'\0",
                op.symbol,
                short_name(l),
                short_name(r)
            );
            PyErr_SetString(*PyExc_TypeError(), message.as_ptr().cast());
            return core::ptr::null_mut();
        }
        result
    }
}

/// Calls a special method, as found on the receiver's type.
unsafe fn call_special(method: *mut Object, receiver: *mut Object, argument: *mut Object) -> *mut Object {
    // SAFETY: the caller's.
    unsafe {
        let ty = Object::type_of(method);
        incref(method);
        let result = if Type::has_flag(ty, TPFLAGS_METHOD_DESCRIPTOR) {
            let args = [core::ptr::null_mut(), receiver, argument];
            PyObject_Vectorcall(method, args.as_ptr().add(1).cast_mut(), 2 | 1 << 63, core::ptr::null_mut())
        } else {
            let get = core::mem::transmute::<*const (), Option<TernaryFn>>((*ty).tp_descr_get);
            let bound = match get {
                Some(get) => get(method, receiver, Object::type_of(receiver).cast()),
                None => new_ref(method),
            };
            if bound.is_null() {
                bound
            } else {
                let args = [core::ptr::null_mut(), argument];
                let result =
                    PyObject_Vectorcall(bound, args.as_ptr().add(1).cast_mut(), 1 | 1 << 63, core::ptr::null_mut());
                decref(bound);
                result
            }
        };
        decref(method);
        result
    }
}

/// A type's name as messages have it: a hundred bytes at most.
unsafe fn short_name(ty: *mut Type) -> String {
    // SAFETY: a live type.
    let name = unsafe { CStr::from_ptr((*ty).tp_name) }.to_bytes();
    String::from_utf8_lossy(&name[..name.len().min(100)]).into_owned()
}

/// The method names of `Py_LT`, `LE`, `EQ`, `NE`, `GT`, `GE`.
const COMPARISONS: [&CStr; 6] = [c"__lt__", c"__le__", c"__eq__", c"__ne__", c"__gt__", c"__ge__"];
const EQ: usize = 2;
const NE: usize = 3;

/// The method that a comparison calls first, and alone unless that answers `NotImplemented`.
pub struct ComparisonMethod {
    pub function: *mut Function,
    /// It is `__eq__`, whose answer `object.__ne__` reverses.
    pub negated: bool,
}

/// Which Python function `left op right` calls. Depends on the operands' types alone.
///
/// # Safety
/// The operands are alive.
pub unsafe fn comparison_method(left: *mut Object, right: *mut Object, op: u32) -> Option<ComparisonMethod> {
    let op = op as usize;
    // SAFETY: the caller's.
    unsafe {
        let (l, r) = (Object::type_of(left), Object::type_of(right));
        if l != r && PyType_IsSubtype(r, l) != 0 {
            return None;
        }
        if let Some(function) = special_function(l, COMPARISONS[op]) {
            return Some(ComparisonMethod { function, negated: false });
        }
        if op != NE || look_up(l, COMPARISONS[NE]) != look_up(PyBaseObject_Type(), COMPARISONS[NE]) {
            return None;
        }
        special_function(l, COMPARISONS[EQ]).map(|function| ComparisonMethod { function, negated: true })
    }
}

/// `left op right` after the method that [`comparison_method`] found has answered `NotImplemented`.
///
/// # Safety
/// The operands are alive; the GIL is held.
pub unsafe fn comparison_after_not_implemented(left: *mut Object, right: *mut Object, op: u32) -> *mut Object {
    const SWAPPED: [i32; 6] = [4, 5, 2, 3, 0, 1];
    const SYMBOLS: [&str; 6] = ["<", "<=", "==", "!=", ">", ">="];
    // SAFETY: the caller's.
    unsafe {
        if let Some(f) = (*Object::type_of(right)).tp_richcompare {
            let result = f(right, left, SWAPPED[op as usize]);
            if result != _Py_NotImplementedStruct() {
                return result;
            }
        }
        let same = core::ptr::eq(left, right);
        match op as usize {
            EQ => bool_object(same),
            NE => bool_object(!same),
            op => {
                let (l, r) = (short_name(Object::type_of(left)), short_name(Object::type_of(right)));
                let message = format!("'{}' not supported between instances of '{l}' and '{r}'\0", SYMBOLS[op]);
                PyErr_SetString(*PyExc_TypeError(), message.as_ptr().cast());
                core::ptr::null_mut()
            }
        }
    }
}

fn bool_object(value: bool) -> *mut Object {
    if value { _Py_TrueStruct() } else { _Py_FalseStruct() }
}

/// Whether all instances of a class are true, and whether their length says so (else it is `__bool__` or C code).
/// Constant under a type watcher.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn is_always_true(ty: *mut Type) -> bool {
    // SAFETY: the caller's.
    unsafe { !has_truth(ty) && !has_length(ty) }
}

/// As [`is_always_true`].
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn is_true_by_length(ty: *mut Type) -> bool {
    // SAFETY: the caller's.
    unsafe { !has_truth(ty) && has_length(ty) }
}

/// Whether the truth of an object of exactly this type is known without running Python code.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn tests_quietly(ty: *mut Type) -> bool {
    let containers = [PyList_Type(), PyDict_Type(), PyTuple_Type(), PySet_Type(), PyFrozenSet_Type()];
    let others = [PyUnicode_Type(), PyLong_Type(), PyFloat_Type(), PyBool_Type(), PyBytes_Type()];
    // SAFETY: the caller's.
    containers.contains(&ty) || others.contains(&ty) || unsafe { is_always_true(ty) }
}

unsafe fn has_truth(ty: *mut Type) -> bool {
    // SAFETY: the caller's.
    unsafe { !(*ty).tp_as_number.is_null() && !(*(*ty).tp_as_number).nb_bool.is_null() }
}

unsafe fn has_length(ty: *mut Type) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let (sequence, mapping) = ((*ty).tp_as_sequence, (*ty).tp_as_mapping);
        !sequence.is_null() && !(*sequence).sq_length.is_null() || !mapping.is_null() && !(*mapping).mp_length.is_null()
    }
}

unsafe fn function_of_property(
    object: *mut Object,
    which: impl FnOnce(&Property) -> *mut Object,
) -> Option<*mut Function> {
    // SAFETY: a live object, whose type is compared first.
    unsafe {
        if Object::type_of(object) != PyProperty_Type() {
            return None;
        }
        python_function(which(&*object.cast::<Property>()))
    }
}

/// The getter of a property, if that is a Python function.
///
/// # Safety
/// `object` is alive.
pub unsafe fn property_getter(object: *mut Object) -> Option<*mut Function> {
    // SAFETY: the caller's.
    unsafe { function_of_property(object, |property| property.prop_get) }
}

/// The setter of a property, if that is a Python function.
///
/// # Safety
/// `object` is alive.
pub unsafe fn property_setter(object: *mut Object) -> Option<*mut Function> {
    // SAFETY: the caller's.
    unsafe { function_of_property(object, |property| property.prop_set) }
}

/// The deleter of a property, if that is a Python function.
///
/// # Safety
/// `object` is alive.
pub unsafe fn property_deleter(object: *mut Object) -> Option<*mut Function> {
    // SAFETY: the caller's.
    unsafe { function_of_property(object, |property| property.prop_del) }
}

/// The Python function that is asked for every attribute of a class's instances, and alone. Constant under a type
/// watcher.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn attribute_function(ty: *mut Type) -> Option<*mut Function> {
    // SAFETY: the caller's.
    unsafe {
        let function = special_function(ty, c"__getattribute__")?;
        // Else that is asked after an AttributeError.
        look_up(ty, c"__getattr__").is_null().then_some(function)
    }
}

unsafe fn python_function(object: *mut Object) -> Option<*mut Function> {
    // SAFETY: the caller's: a live object, or null.
    unsafe { (!object.is_null() && Object::type_of(object) == PyFunction_Type()).then_some(object.cast()) }
}

/// What `slot_sq_length` makes of the answer of `__len__`, whose reference it takes: -1 with an exception set, or the
/// length.
///
/// # Safety
/// `answer` is a live object with a reference to give; the GIL is held.
pub unsafe fn length_of_answer(answer: *mut Object) -> isize {
    // SAFETY: the caller's.
    unsafe {
        let index = PyNumber_Index(answer);
        decref(answer);
        if index.is_null() {
            return -1;
        }
        if (*index.cast::<Long>()).lv_tag & LONG_SIGN_MASK == 2 {
            decref(index);
            PyErr_SetString(*PyExc_ValueError(), c"__len__() should return >= 0".as_ptr());
            return -1;
        }
        let length = PyNumber_AsSsize_t(index, *PyExc_OverflowError());
        decref(index);
        length
    }
}

/// What `slot_nb_bool` makes of the answer of `__bool__`, whose reference it takes: -1 with an exception set, or the
/// truth.
///
/// # Safety
/// `answer` is a live object with a reference to give; the GIL is held.
pub unsafe fn truth_of_answer(answer: *mut Object) -> isize {
    // SAFETY: the caller's.
    unsafe {
        let ty = Object::type_of(answer);
        let truth = if ty == PyBool_Type() {
            isize::from(answer == _Py_TrueStruct())
        } else {
            let name = CStr::from_ptr((*ty).tp_name).to_string_lossy();
            let message = format!("__bool__ should return bool, returned {name}\0");
            PyErr_SetString(*PyExc_TypeError(), message.as_ptr().cast());
            -1
        };
        decref(answer);
        truth
    }
}

/// What `descr`, an attribute of the class `ty`, has for a C function to get it from an instance.
///
/// # Safety
/// `ty` and `descr` are live objects.
pub unsafe fn c_getter(ty: *mut Type, descr: *mut Object) -> Option<*const GetSetDef> {
    // SAFETY: the caller's.
    unsafe {
        if (*descr).ob_type != PyGetSetDescr_Type() {
            return None;
        }
        let descr: *mut GetSetDescr = descr.cast();
        let def = (*descr).d_getset;
        ((*def).get.is_some() && PyType_IsSubtype(ty, (*descr).d_type) != 0).then_some(def)
    }
}

/// The offset of a `__slots__` member of `ty`, if `descr`, an attribute of it, is one that can be read (or written)
/// without ado. It may also be one of another class, which refuses other objects.
///
/// # Safety
/// `ty` and `descr` are live objects.
pub unsafe fn slot_offset(ty: *mut Type, descr: *mut Object, write: bool) -> Option<usize> {
    // SAFETY: the caller's.
    unsafe {
        if (*descr).ob_type != PyMemberDescr_Type() {
            return None;
        }
        let member: *mut MemberDescr = descr.cast();
        let def = (*member).d_member;
        let forbidden = MEMBER_AUDIT_READ | if write { MEMBER_READONLY } else { 0 };
        ((*def).kind as u32 == MEMBER_OBJECT_EX
            && (*def).flags as u32 & forbidden == 0
            && (*def).offset > 0
            && PyType_IsSubtype(ty, (*member).d_type) != 0)
            .then_some((*def).offset as usize)
    }
}
