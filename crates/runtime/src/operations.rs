//! What escapes do. Native code calls these functions directly, [`crate::escape::on_escape`] by the same address.
//!
//! Each returns null with an exception set, or a new reference (None, borrowed, where nothing is pushed). It releases
//! the operands that the trace hands over: bit `i` of `owned` is operand `i`'s. `arg` is the operation's detail.

use core::ffi::c_int;

use cpython::abi as py;
use record::EscapeHelper;
use smallvec::SmallVec;

use crate::helpers::binary_function;

pub(crate) type Obj = *mut py::Object;

/// An operation with three operands at most, in registers. Those it has not are anything.
pub(crate) type Fixed = unsafe extern "sysv64" fn(arg: u64, owned: u64, a: Obj, b: Obj, c: Obj) -> Obj;
/// An operation with any number of operands, in an array with which it does what it likes.
pub(crate) type Variadic = unsafe extern "sysv64" fn(arg: u64, owned: u64, operands: *mut Obj, n: usize) -> Obj;

/// The function behind an escape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Fixed(Fixed),
    Variadic(Variadic),
}

/// BINARY_OP's subscript, the one operation CPython's table has no function for.
const NB_SUBSCR: u64 = py::nb::SUBSCR as u64;

/// What runs an escape with `operands` operands, and the `arg` it wants.
pub(crate) fn operation(helper: EscapeHelper, arg: u64, operands: usize) -> (Operation, u64) {
    use Operation::{Fixed, Variadic};
    let operation = match helper {
        EscapeHelper::Release if operands == 1 => Fixed(release),
        EscapeHelper::Release => Variadic(release_all),
        EscapeHelper::BinaryOp => {
            let function = match arg {
                NB_SUBSCR => py::address::PyObject_GetItem() as usize,
                // SAFETY: the recorder saw this operation in a BINARY_OP.
                op => unsafe { binary_function(op as usize) as usize },
            };
            return (Fixed(binary_op), function as u64);
        }
        EscapeHelper::Compare if arg & 0x100 != 0 => Fixed(compare_to_bool),
        EscapeHelper::Compare => Fixed(compare),
        EscapeHelper::ToBool => Fixed(to_bool),
        EscapeHelper::Negative => Fixed(negative),
        EscapeHelper::Invert => Fixed(invert),
        EscapeHelper::GetAttr | EscapeHelper::GetMethod => Fixed(get_attr),
        EscapeHelper::SetAttr => Fixed(set_attr),
        EscapeHelper::SetItem => Fixed(set_item),
        EscapeHelper::DelItem => Fixed(del_item),
        EscapeHelper::Contains => Fixed(contains),
        EscapeHelper::GetIter => Fixed(get_iter),
        EscapeHelper::ForIter => Fixed(for_iter),
        EscapeHelper::FinishGenerator => Fixed(return_from_generator),
        EscapeHelper::FormatSimple => Fixed(format_simple),
        EscapeHelper::FormatWithSpec => Fixed(format_with_spec),
        EscapeHelper::ConvertValue => Fixed(convert_value),
        EscapeHelper::BinarySlice => Fixed(binary_slice),
        EscapeHelper::Call => Variadic(call),
        EscapeHelper::CallKw => Variadic(call_kw),
        EscapeHelper::CallEx => Variadic(call_ex),
        EscapeHelper::AddTo => Variadic(add_to),
        EscapeHelper::BuildList => Variadic(build_list),
        EscapeHelper::BuildTuple => Variadic(build_tuple),
        EscapeHelper::BuildMap => Variadic(build_map),
        EscapeHelper::BuildSet => Variadic(build_set),
        EscapeHelper::BuildString => Variadic(build_string),
        EscapeHelper::BuildSlice => Variadic(build_slice),
        EscapeHelper::StoreSlice => Variadic(store_slice),
        EscapeHelper::Intrinsic1 => Fixed(intrinsic_1),
        EscapeHelper::Intrinsic2 => Fixed(intrinsic_2),
        EscapeHelper::MergeKeywords => Fixed(merge_keywords),
        EscapeHelper::ImportName => Fixed(import_name),
        EscapeHelper::DelAttr => Fixed(del_attr),
    };
    (operation, arg)
}

/// Releases operand `i` if it is ours.
#[inline(always)]
pub(crate) unsafe fn close(owned: u64, i: usize, operand: Obj) {
    if owned & 1 << i != 0 && !operand.is_null() {
        // SAFETY: the trace handed the reference over.
        unsafe { py::decref(operand) }
    }
}

/// Releases all operands, last first, as CPython's instructions do.
#[inline(always)]
pub(crate) unsafe fn close_all<const N: usize>(owned: u64, operands: [Obj; N]) {
    if owned != 0 {
        for i in (0..N).rev() {
            // SAFETY: as above.
            unsafe { close(owned, i, operands[i]) }
        }
    }
}

pub(crate) unsafe fn close_array(owned: u64, operands: *mut Obj, n: usize) {
    if owned != 0 {
        for i in (0..n).rev() {
            // SAFETY: as above.
            unsafe { close(owned, i, *operands.add(i)) }
        }
    }
}

/// Operations on up to three operands, all of which are released last first.
macro_rules! fixed {
    ($($(#[$doc:meta])* fn $name:ident($arg:ident $(, $operand:ident)*) $body:block)*) => {$(
        $(#[$doc])*
        unsafe extern "sysv64" fn $name($arg: u64, owned: u64, a: Obj, b: Obj, c: Obj) -> Obj {
            let all = [a, b, c];
            const COUNT: usize = [$(stringify!($operand)),*].len();
            let [$($operand),*]: [Obj; COUNT] = core::array::from_fn(|i| all[i]);
            // SAFETY: live objects, and frames in memory as CPython would have them; each call follows the C API's
            // rules on references.
            unsafe {
                let result = $body;
                close_all(owned, [$($operand),*]);
                result
            }
        }
    )*};
}

fixed! {
    fn release(_arg, _o) { py::_Py_NoneStruct() }
    fn compare(arg, a, b) { py::PyObject_RichCompare(a, b, arg as c_int) }
    fn return_from_generator(arg, value, generator) {
        finish_generator(generator.cast(), arg as usize);
        py::new_ref(value)
    }
    fn to_bool(_arg, o) { bool_result(py::PyObject_IsTrue(o)) }
    fn negative(_arg, o) { py::PyNumber_Negative(o) }
    fn invert(_arg, o) { py::PyNumber_Invert(o) }
    fn get_attr(arg, o) { py::PyObject_GetAttr(o, arg as Obj) }
    fn set_attr(arg, v, o) { status(py::PyObject_SetAttr(o, arg as Obj, v)) }
    fn set_item(_arg, v, o, k) { status(py::PyObject_SetItem(o, k, v)) }
    fn del_item(_arg, o, k) { status(py::PyObject_DelItem(o, k)) }
    fn del_attr(arg, o) { status(py::PyObject_DelAttr(o, arg as Obj)) }
    fn intrinsic_1(arg, o) {
        let intrinsic = py::_PyIntrinsics_UnaryFunctions().add(arg as usize);
        ((*intrinsic).func)(py::PyThreadState_Get(), o)
    }
    fn intrinsic_2(arg, a, b) {
        let intrinsic = py::_PyIntrinsics_BinaryFunctions().add(arg as usize);
        ((*intrinsic).func)(py::PyThreadState_Get(), a, b)
    }
    fn merge_keywords(_arg, dict, update, callable) {
        let merged = py::_PyDict_MergeEx(dict, update, 2);
        if merged < 0 {
            py::_PyEval_FormatKwargsError(py::PyThreadState_Get(), callable, update);
        }
        status(merged)
    }
    fn import_name(arg, level, names) {
        let ts = py::PyThreadState_Get();
        py::_PyEval_ImportName(ts, (*ts).current_frame, arg as Obj, names, level)
    }
    fn contains(arg, item, container) {
        match py::PySequence_Contains(container, item) {
            n if n < 0 => core::ptr::null_mut(),
            n => bool_result(n ^ (arg & 1) as c_int),
        }
    }
    fn get_iter(_arg, o) { py::PyObject_GetIter(o) }
    fn for_iter(_arg, o) { next_item(o) }
    fn format_simple(_arg, o) { py::PyObject_Format(o, core::ptr::null_mut()) }
    fn format_with_spec(_arg, o, spec) { py::PyObject_Format(o, spec) }
    fn convert_value(arg, o) {
        let convert = (*py::_PyEval_ConversionFuncs().add(arg as usize)).expect("CPython fills its table");
        convert(o)
    }
    fn binary_slice(_arg, o, from, to) {
        let slice = py::PySlice_New(from, to, core::ptr::null_mut());
        with_slice(slice, |s| py::PyObject_GetItem(o, s))
    }
}

/// The truth of a comparison. Its operands go before its result is asked for it.
unsafe extern "sysv64" fn compare_to_bool(arg: u64, owned: u64, a: Obj, b: Obj, _c: Obj) -> Obj {
    // SAFETY: as in `fixed!`.
    unsafe {
        let result = py::PyObject_RichCompare(a, b, (arg & 0xff) as c_int);
        close_all(owned, [a, b]);
        if result.is_null() || result == py::_Py_TrueStruct() || result == py::_Py_FalseStruct() {
            return result;
        }
        let truth = py::PyObject_IsTrue(result);
        py::decref(result);
        bool_result(truth)
    }
}

/// `arg` is the function.
unsafe extern "sysv64" fn binary_op(arg: u64, owned: u64, a: Obj, b: Obj, _c: Obj) -> Obj {
    // SAFETY: `operation` put a function of this type there; live objects.
    unsafe {
        let function = core::mem::transmute::<usize, py::BinaryFn>(arg as usize);
        let result = function(a, b);
        if result.is_null() {
            close_all(owned, [a, b]);
        } else {
            close(owned, 0, a);
            close(owned, 1, b);
        }
        result
    }
}

/// First to last.
unsafe extern "sysv64" fn release_all(_arg: u64, owned: u64, o: *mut Obj, n: usize) -> Obj {
    for i in 0..n {
        // SAFETY: the trace handed the references over.
        unsafe { close(owned, i, *o.add(i)) }
    }
    py::_Py_NoneStruct()
}

/// Operations on an array of operands, all of which are released last first.
macro_rules! variadic {
    ($($(#[$doc:meta])* fn $name:ident($o:ident, $n:ident) $body:block)*) => {$(
        $(#[$doc])*
        unsafe extern "sysv64" fn $name(_arg: u64, owned: u64, $o: *mut Obj, $n: usize) -> Obj {
            // SAFETY: `n` live objects; each call follows the C API's rules on references.
            unsafe {
                let result = $body;
                close_array(owned, $o, $n);
                result
            }
        }
    )*};
}

variadic! {
    fn build_map(o, n) { py::_PyDict_FromItems(o, 2, o.wrapping_add(1), 2, (n / 2) as isize) }
    fn build_set(o, n) {
        let set = py::PySet_New(core::ptr::null_mut());
        let mut all = !set.is_null();
        for i in 0..n {
            all = all && py::PySet_Add(set, *o.add(i)) >= 0;
        }
        if all {
            set
        } else {
            py::xdecref(set);
            core::ptr::null_mut()
        }
    }
    fn build_string(o, n) {
        let empty = py::PyUnicode_FromString(c"".as_ptr());
        let result = py::_PyUnicode_JoinArray(empty, o, n as isize);
        py::decref(empty);
        result
    }
    fn build_slice(o, n) {
        py::PySlice_New(*o, *o.add(1), if n > 2 { *o.add(2) } else { core::ptr::null_mut() })
    }
    fn store_slice(o, _n) {
        let slice = py::PySlice_New(*o.add(2), *o.add(3), core::ptr::null_mut());
        with_slice(slice, |s| status(py::PyObject_SetItem(*o.add(1), s, *o)))
    }
}

/// `o[0]` called with `o[1]`, unless null, and the rest.
unsafe extern "sysv64" fn call(_arg: u64, owned: u64, o: *mut Obj, n: usize) -> Obj {
    // SAFETY: live objects.
    unsafe { vectorcall(owned, o, n, core::ptr::null_mut(), n) }
}

/// As [`call`], with keyword names as last operand.
unsafe extern "sysv64" fn call_kw(_arg: u64, owned: u64, o: *mut Obj, n: usize) -> Obj {
    // SAFETY: live objects; the names are a tuple.
    unsafe { vectorcall(owned, o, n - 1, *o.add(n - 1), n) }
}

/// Calls `o[0]` with `o[1]`, unless null, and the rest up to `n`; `names` are those of keyword arguments. Releases all
/// of the `operands`.
#[inline(always)]
unsafe fn vectorcall(owned: u64, o: *mut Obj, n: usize, names: Obj, operands: usize) -> Obj {
    // SAFETY: live objects; keyword values are counted by `names`.
    unsafe {
        let callable = *o;
        let bound = *o.add(1);
        let skip = if bound.is_null() { 2 } else { 1 };
        let keywords = if names.is_null() { 0 } else { py::Tuple::len(names.cast()) };
        if let Some(result) = call_function(owned, o, n, names) {
            return result;
        }
        if names.is_null()
            && bound.is_null()
            && py::Type::has_flag(py::Object::type_of(callable), py::TPFLAGS_TYPE_SUBCLASS)
            && let Some(result) = call_class(owned, o, n)
        {
            return result;
        }
        // The callee may use the slot before the arguments, and puts back what was there.
        const ARGUMENTS_OFFSET: usize = 1 << 63;
        let result = py::PyObject_Vectorcall(callable, o.add(skip), (n - skip - keywords) | ARGUMENTS_OFFSET, names);
        close_array(owned, o, operands);
        result
    }
}

/// Operand `i`, as it moves onto a frame.
unsafe fn operand(owned: u64, o: *mut Obj, i: usize) -> py::StackRef {
    // SAFETY: the caller's, which gives up what is owned.
    unsafe { if owned & 1 << i != 0 { py::StackRef::steal(*o.add(i)) } else { py::StackRef::borrowed(*o.add(i)) } }
}

/// As [`vectorcall`], where the callable is a Python function, or a method of one, on whose frame the arguments move.
unsafe fn call_function(owned: u64, o: *mut Obj, n: usize, names: Obj) -> Option<Obj> {
    // SAFETY: live objects; the trace hands over the references that `owned` says.
    unsafe {
        let callable = *o;
        let bound = py::Object::type_of(callable) == py::PyMethod_Type() && (*o.add(1)).is_null();
        let method = callable.cast::<py::BoundMethod>();
        let function = if bound { (*method).im_func } else { callable };
        if !tier1::takes_frame(function) {
            return None;
        }
        let operand = |i| operand(owned, o, i);
        let mut args: SmallVec<[py::StackRef; 16]> = SmallVec::new();
        let func = if bound {
            args.push(py::StackRef::new((*method).im_self));
            let func = py::StackRef::new(function);
            close(owned, 0, callable);
            func
        } else {
            if !(*o.add(1)).is_null() {
                args.push(operand(1));
            }
            operand(0)
        };
        args.extend((2..n).map(operand));
        let keywords = if names.is_null() { 0 } else { py::Tuple::len(names.cast()) };
        let positional = args.len() - keywords;
        let ts = py::PyThreadState_Get();
        let caller = (*ts).current_frame;
        let none = core::ptr::null_mut();
        let frame = py::_PyEvalFramePushAndInit(ts, func, none, args.as_ptr(), positional, names, caller);
        if !names.is_null() {
            close(owned, n, names);
        }
        Some(if frame.is_null() { none } else { tier1::evaluate(ts, frame) })
    }
}

/// As [`vectorcall`], where the callable is a class whose `__init__` CPython's specialized `CALL` runs on a frame with these
/// arguments.
unsafe fn call_class(owned: u64, o: *mut Obj, n: usize) -> Option<Obj> {
    // SAFETY: as for `call_function`.
    unsafe {
        let class: *mut py::Type = (*o).cast();
        let ts = py::PyThreadState_Get();
        let init = tier1::init_taking_frame(ts, class)?;
        let none = core::ptr::null_mut();
        let instance = py::PyType_GenericAlloc(class, 0);
        if instance.is_null() {
            close_array(owned, o, n);
            return Some(none);
        }
        let arguments = (2..n).map(|i| operand(owned, o, i));
        let args: SmallVec<[py::StackRef; 16]> =
            core::iter::once(py::StackRef::new(instance)).chain(arguments).collect();
        let func = py::StackRef::new(init);
        close(owned, 0, class.cast());
        let caller = (*ts).current_frame;
        let frame = py::_PyEvalFramePushAndInit(ts, func, none, args.as_ptr(), args.len(), none, caller);
        if frame.is_null() {
            py::decref(instance);
            return Some(none);
        }
        // The unit of CPython's trampoline.
        (*ts).py_recursion_remaining -= 1;
        let answer = tier1::evaluate(ts, frame);
        (*ts).py_recursion_remaining += 1;
        let made = !answer.is_null() && tier1::is_result_of_init(answer);
        if !answer.is_null() {
            py::decref(answer);
        }
        if !made {
            py::decref(instance);
        }
        Some(if made { instance } else { none })
    }
}

/// `o[0](*o[2], **o[3])`; the last may be null.
unsafe extern "sysv64" fn call_ex(_arg: u64, owned: u64, o: *mut Obj, n: usize) -> Obj {
    // SAFETY: live objects.
    unsafe {
        let ts = py::PyThreadState_Get();
        let (callable, arguments, keywords) = (*o, *o.add(2), *o.add(3));
        let tuple = if py::Object::type_of(arguments) == py::PyTuple_Type() {
            py::new_ref(arguments)
        } else if py::_Py_Check_ArgsIterable(ts, callable, arguments) < 0 {
            core::ptr::null_mut()
        } else {
            py::PySequence_Tuple(arguments)
        };
        if tuple.is_null() {
            close_array(owned, o, n);
            return tuple;
        }
        close(owned, 2, arguments);
        let owned = owned & !(1 << 2);
        if tier1::takes_frame(callable) {
            let func = py::StackRef::borrowed(callable);
            let (first, caller) = (core::ptr::null_mut(), (*ts).current_frame);
            if let Some(frame) = tier1::push_unpacked(ts, func, first, tuple.cast(), keywords, caller) {
                // The arguments have references of their own now.
                py::decref(tuple);
                close_array(owned & !1, o, n);
                let result = if frame.is_null() { core::ptr::null_mut() } else { tier1::evaluate(ts, frame) };
                close(owned, 0, callable);
                return result;
            }
        }
        let result = py::PyObject_Call(callable, tuple, keywords);
        py::decref(tuple);
        close_array(owned, o, n);
        result
    }
}

/// Adds the operands after the first to the first, as the instruction `arg` does.
unsafe extern "sysv64" fn add_to(arg: u64, owned: u64, o: *mut Obj, n: usize) -> Obj {
    // SAFETY: live objects of the types that the recorder guarded.
    unsafe {
        let (container, item) = (*o, *o.add(1));
        let result = match arg as u8 {
            py::op::SET_ADD => status(py::PySet_Add(container, item)),
            py::op::MAP_ADD => status(py::PyDict_SetItem(container, item, *o.add(2))),
            py::op::SET_UPDATE => status(py::_PySet_Update(container, item)),
            py::op::DICT_UPDATE => status(py::PyDict_Update(container, item)),
            _ => py::_PyList_Extend(container.cast(), item),
        };
        close_array(owned, o, n);
        result
    }
}

/// A list of the operands.
unsafe extern "sysv64" fn build_list(_arg: u64, owned: u64, o: *mut Obj, n: usize) -> Obj {
    // SAFETY: by the contract of escapes; the list is new and has room for `n`.
    unsafe { filled(py::PyList_New(n as isize), |list| (*list.cast::<py::List>()).ob_item, owned, o, n) }
}

/// A tuple of the operands.
unsafe extern "sysv64" fn build_tuple(_arg: u64, owned: u64, o: *mut Obj, n: usize) -> Obj {
    // SAFETY: by the contract of escapes; the tuple is new and has room for `n`.
    unsafe { filled(py::PyTuple_New(n as isize), |tuple| py::Tuple::items(tuple.cast()), owned, o, n) }
}

/// The new `sequence`, or null, with references to the operands in the items that `items` finds.
#[inline(always)]
unsafe fn filled(sequence: Obj, items: impl FnOnce(Obj) -> *mut Obj, owned: u64, o: *mut Obj, n: usize) -> Obj {
    // SAFETY: the sequence takes a reference to each live operand.
    unsafe {
        if sequence.is_null() {
            close_array(owned, o, n);
            return sequence;
        }
        let items = items(sequence);
        for i in 0..n {
            *items.add(i) = give(owned, i, *o.add(i));
        }
        sequence
    }
}

/// A reference to operand `i` that the callee may keep.
#[inline(always)]
unsafe fn give(owned: u64, i: usize, operand: Obj) -> Obj {
    // SAFETY: a live object.
    unsafe {
        if owned & 1 << i == 0 {
            py::incref(operand);
        }
    }
    operand
}

/// Clears the frame of a generator whose last instruction, at `pc`, has run, as RETURN_VALUE does.
unsafe fn finish_generator(generator: *mut py::Generator, pc: usize) {
    // SAFETY: the trace ran the generator, which is suspended as far as memory says; its value stack is empty.
    unsafe {
        let ts = py::PyThreadState_Get();
        let frame = crate::deopt::link_generator(ts, generator, (*ts).current_frame);
        (*ts).py_recursion_remaining += 1;
        (*frame).instr_ptr = py::Code::units(py::Frame::code(frame)).add(pc);
        (*frame).stackpointer = py::Frame::stack_base(frame);
        py::_PyEval_FrameClearAndPop(ts, frame);
    }
}

/// The next item of any iterator, or the object that stands for the end.
unsafe fn next_item(iterator: Obj) -> Obj {
    // SAFETY: a live object.
    unsafe {
        let ty = py::Object::type_of(iterator);
        let Some(next) = (*ty).tp_iternext else {
            let message = c"'%.100s' object is not an iterator";
            py::pyerr_format()(*py::PyExc_TypeError(), message.as_ptr(), (*ty).tp_name);
            return core::ptr::null_mut();
        };
        let item = next(iterator);
        if !item.is_null() {
            return item;
        }
        if !py::PyErr_Occurred().is_null() {
            if py::PyErr_ExceptionMatches(*py::PyExc_StopIteration()) == 0 {
                return item;
            }
            py::PyErr_Clear();
        }
        py::iteration_end()
    }
}

/// None for success, null for failure.
pub(crate) fn status(code: c_int) -> Obj {
    if code < 0 { core::ptr::null_mut() } else { py::_Py_NoneStruct() }
}

/// `True` or `False`, null for an error.
fn bool_result(truth: c_int) -> Obj {
    match truth {
        0 => py::_Py_FalseStruct(),
        n if n > 0 => py::_Py_TrueStruct(),
        _ => core::ptr::null_mut(),
    }
}

unsafe fn with_slice(slice: Obj, f: impl FnOnce(Obj) -> Obj) -> Obj {
    if slice.is_null() {
        return slice;
    }
    let result = f(slice);
    // SAFETY: ours.
    unsafe { py::decref(slice) };
    result
}
