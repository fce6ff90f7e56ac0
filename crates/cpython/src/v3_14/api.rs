//! Functions and objects the interpreter exports, resolved once by [`super::probe`].
//!
//! Calls go through a table, which costs what a call through the global offset table costs, and keeps a
//! missing private symbol from becoming a load failure.
#![allow(non_snake_case, non_upper_case_globals)]

use core::ffi::{c_char, c_int, c_void};
use core::mem::transmute;

use super::layout::*;
use super::types::*;
use crate::symbols::{Exports, Name};

macro_rules! functions {
    ($($name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {
        struct Functions { $($name: Option<unsafe extern "C" fn($($ty),*) $(-> $ret)?>,)* }

        static mut FUNCTIONS: Functions = Functions { $($name: None,)* };

        fn resolve_functions(exports: &Exports, missing: &mut Vec<&'static str>) {
            $({
                let address = exports.resolve(const { Name::new(concat!(stringify!($name), "\0")) }, missing);
                // SAFETY: called once from `probe` under the GIL, before any reader; the symbol has the
                // declared signature in every release of this minor version.
                unsafe {
                    FUNCTIONS.$name = transmute::<
                        *mut c_void,
                        Option<unsafe extern "C" fn($($ty),*) $(-> $ret)?>,
                    >(address);
                }
            })*
        }

        $(
            /// CPython's function of that name.
            ///
            /// # Safety
            /// Its own contract, with the GIL held, after a successful probe.
            #[inline(always)]
            pub unsafe fn $name($($arg: $ty),*) $(-> $ret)? {
                // SAFETY: `probe` succeeded, so the entry is filled; the rest is the caller's.
                unsafe { (FUNCTIONS.$name.unwrap_unchecked())($($arg),*) }
            }
        )*

        /// Addresses of the functions, for code that stores or compares them.
        pub mod address {
            $(
                /// Address of CPython's function of that name.
                #[inline(always)]
                pub fn $name() -> *const () {
                    // SAFETY: filled once before any reader.
                    unsafe { core::mem::transmute::<Option<unsafe extern "C" fn($($ty),*) $(-> $ret)?>, *const ()>(super::FUNCTIONS.$name) }
                }
                #[allow(unused_imports)]
                use super::*;
            )*
        }
    };
}

macro_rules! data {
    ($($name:ident: $ty:ty;)*) => {
        struct Data { $($name: *mut $ty,)* }

        static mut DATA: Data = Data { $($name: core::ptr::null_mut(),)* };

        fn resolve_data(exports: &Exports, missing: &mut Vec<&'static str>) {
            $({
                let address = exports.resolve(const { Name::new(concat!(stringify!($name), "\0")) }, missing);
                // SAFETY: called once from `probe` under the GIL, before any reader.
                unsafe { DATA.$name = address.cast() };
            })*
        }

        $(
            /// Address of CPython's variable of that name.
            #[inline(always)]
            pub fn $name() -> *mut $ty {
                // SAFETY: filled once by `probe` before any reader.
                unsafe { DATA.$name }
            }
        )*
    };
}

functions! {
    _Py_Dealloc(op: *mut Object);
    _PyEval_EvalFrameDefault(ts: *mut ThreadState, frame: *mut Frame, throwflag: c_int) -> *mut Object;
    _PyEval_FrameClearAndPop(ts: *mut ThreadState, frame: *mut Frame);
    _PyEvalFramePushAndInit(ts: *mut ThreadState, func: StackRef, locals: *mut Object, args: *const StackRef, argcount: usize, kwnames: *mut Object, previous: *mut Frame) -> *mut Frame;
    _PyThreadState_PopFrame(ts: *mut ThreadState, frame: *mut Frame);
    PyThreadState_GetFrame(ts: *mut ThreadState) -> *mut Object;
    PyThreadState_Get() -> *mut ThreadState;
    PyTraceBack_Here(frame: *mut Object) -> c_int;
    _Py_HandlePending(ts: *mut ThreadState) -> c_int;
    _Py_CheckRecursiveCall(ts: *mut ThreadState, whence: *const c_char) -> c_int;
    _Py_CheckFunctionResult(ts: *mut ThreadState, callable: *mut Object, result: *mut Object, whence: *const c_char) -> *mut Object;
    _PyInterpreterState_GetEvalFrameFunc(interp: *mut InterpreterState) -> EvalFrameFn;
    _PyInterpreterState_SetEvalFrameFunc(interp: *mut InterpreterState, func: EvalFrameFn);
    PyInterpreterState_Get() -> *mut InterpreterState;

    PyObject_Vectorcall(callable: *mut Object, args: *const *mut Object, nargsf: usize, kwnames: *mut Object) -> *mut Object;
    PyObject_Call(callable: *mut Object, args: *mut Object, kwargs: *mut Object) -> *mut Object;
    PyCFunction_NewEx(definition: *const MethodDef, slf: *mut Object, module: *mut Object) -> *mut Object;
    PyObject_CallNoArgs(callable: *mut Object) -> *mut Object;
    PyObject_CallOneArg(callable: *mut Object, arg: *mut Object) -> *mut Object;
    PyVectorcall_Function(callable: *mut Object) -> Option<VectorcallFn>;
    PyObject_GetAttr(o: *mut Object, name: *mut Object) -> *mut Object;
    PyObject_GetAttrString(o: *mut Object, name: *const c_char) -> *mut Object;
    PySys_GetObject(name: *const c_char) -> *mut Object;
    PyObject_SetAttr(o: *mut Object, name: *mut Object, v: *mut Object) -> c_int;
    PyObject_GenericGetAttr(o: *mut Object, name: *mut Object) -> *mut Object;
    _PyObject_GenericGetAttrWithDict(o: *mut Object, name: *mut Object, dict: *mut Object, suppress: c_int) -> *mut Object;
    PyObject_GenericSetAttr(o: *mut Object, name: *mut Object, v: *mut Object) -> c_int;
    _PyObject_GetMethod(o: *mut Object, name: *mut Object, method: *mut *mut Object) -> c_int;
    _PyObject_LookupSpecialMethod(name: *mut Object, method_and_self: *mut StackRef) -> c_int;
    _PyType_Lookup(ty: *mut Type, name: *mut Object) -> *mut Object;
    PyUnstable_Type_AssignVersionTag(ty: *mut Type) -> c_int;
    PyType_GetFlags(ty: *mut Type) -> u64;
    PyType_IsSubtype(a: *mut Type, b: *mut Type) -> c_int;
    PyObject_GetItem(o: *mut Object, key: *mut Object) -> *mut Object;
    PyObject_SetItem(o: *mut Object, key: *mut Object, v: *mut Object) -> c_int;
    PyObject_DelItem(o: *mut Object, key: *mut Object) -> c_int;
    PyObject_RichCompare(a: *mut Object, b: *mut Object, op: c_int) -> *mut Object;
    PyObject_IsTrue(o: *mut Object) -> c_int;
    PyObject_IsInstance(o: *mut Object, cls: *mut Object) -> c_int;
    PyObject_Size(o: *mut Object) -> isize;
    PyObject_Format(o: *mut Object, spec: *mut Object) -> *mut Object;
    PyObject_GetIter(o: *mut Object) -> *mut Object;
    _PyObject_New(ty: *mut Type) -> *mut Object;
    PyObject_SelfIter(o: *mut Object) -> *mut Object;
    PyObject_Str(o: *mut Object) -> *mut Object;
    PyObject_Repr(o: *mut Object) -> *mut Object;
    PyObject_LengthHint(o: *mut Object, default: isize) -> isize;
    PyNumber_Negative(o: *mut Object) -> *mut Object;
    PyNumber_Invert(o: *mut Object) -> *mut Object;
    PySequence_Contains(o: *mut Object, v: *mut Object) -> c_int;
    PySequence_Check(o: *mut Object) -> c_int;
    PyIter_Check(o: *mut Object) -> c_int;
    PySequence_Tuple(o: *mut Object) -> *mut Object;
    PyIter_Send(it: *mut Object, v: *mut Object, result: *mut *mut Object) -> c_int;
    PyMapping_GetOptionalItem(o: *mut Object, key: *mut Object, result: *mut *mut Object) -> c_int;
    PyObject_GetOptionalAttr(o: *mut Object, name: *mut Object, result: *mut *mut Object) -> c_int;

    PyLong_FromLongLong(v: i64) -> *mut Object;
    PyLong_FromSsize_t(v: isize) -> *mut Object;
    PyLong_AsLongLongAndOverflow(o: *mut Object, overflow: *mut c_int) -> i64;
    _PyLong_Add(a: *mut Long, b: *mut Long) -> *mut Object;
    _PyLong_Subtract(a: *mut Long, b: *mut Long) -> *mut Object;
    _PyLong_Multiply(a: *mut Long, b: *mut Long) -> *mut Object;
    _PyLong_ExactDealloc(op: *mut Object);
    PyFloat_FromDouble(v: f64) -> *mut Object;
    _PyFloat_ExactDealloc(op: *mut Object);
    PyList_New(n: isize) -> *mut Object;
    PyList_Append(list: *mut Object, v: *mut Object) -> c_int;
    _PyList_Extend(list: *mut List, iterable: *mut Object) -> *mut Object;
    _PyList_AppendTakeRefListResize(list: *mut List, v: *mut Object) -> c_int;
    _PyList_FromStackRefStealOnSuccess(src: *const StackRef, n: isize) -> *mut Object;
    _PyList_SliceSubscript(list: *mut Object, slice: *mut Object) -> *mut Object;
    PyList_AsTuple(list: *mut Object) -> *mut Object;
    _PyTuple_FromStackRefStealOnSuccess(src: *const StackRef, n: isize) -> *mut Object;
    PyTuple_New(n: isize) -> *mut Object;
    PySet_New(iterable: *mut Object) -> *mut Object;
    PySet_Add(set: *mut Object, key: *mut Object) -> c_int;
    _PySet_Update(set: *mut Object, iterable: *mut Object) -> c_int;
    _PySet_Contains(set: *mut Object, key: *mut Object) -> c_int;
    PyDict_New() -> *mut Object;
    PyDict_Copy(dict: *mut Object) -> *mut Object;
    PyDict_GetItemRef(dict: *mut Object, key: *mut Object, result: *mut *mut Object) -> c_int;
    PyDict_GetItemWithError(dict: *mut Object, key: *mut Object) -> *mut Object;
    PyDict_SetItem(dict: *mut Object, key: *mut Object, v: *mut Object) -> c_int;
    PyDict_DelItem(dict: *mut Object, key: *mut Object) -> c_int;
    PyDict_Contains(dict: *mut Object, key: *mut Object) -> c_int;
    PyDict_Next(dict: *mut Object, position: *mut isize, key: *mut *mut Object, v: *mut *mut Object) -> c_int;
    PyDict_Update(dict: *mut Object, other: *mut Object) -> c_int;
    PyDict_Pop(dict: *mut Object, key: *mut Object, result: *mut *mut Object) -> c_int;
    _PyDict_MergeEx(dict: *mut Object, other: *mut Object, override_: c_int) -> c_int;
    _PyDict_FromItems(keys: *const *mut Object, keys_stride: isize, values: *const *mut Object, values_stride: isize, n: isize) -> *mut Object;
    _PyDict_SetItem_Take2(dict: *mut Dict, key: *mut Object, v: *mut Object) -> c_int;
    _PyDict_LoadGlobal(globals: *mut Object, builtins: *mut Object, name: *mut Object) -> *mut Object;
    _PyDict_SendEvent(event: c_int, dict: *mut Dict, key: *mut Object, v: *mut Object);
    PySlice_New(start: *mut Object, stop: *mut Object, step: *mut Object) -> *mut Object;
    PyCell_New(v: *mut Object) -> *mut Object;
    _PyUnicode_JoinArray(sep: *mut Object, items: *const *mut Object, n: isize) -> *mut Object;
    PyUnicode_FromString(s: *const c_char) -> *mut Object;
    PyUnicode_InternFromString(s: *const c_char) -> *mut Object;
    PyUnicode_Concat(a: *mut Object, b: *mut Object) -> *mut Object;
    PyUnicode_Append(left: *mut *mut Object, right: *mut Object);
    PyUnicode_AsUTF8(s: *mut Object) -> *const c_char;
    PyCode_GetCode(code: *mut Code) -> *mut Object;
    PyBytes_AsString(bytes: *mut Object) -> *const c_char;
    PyCode_Addr2Line(code: *mut Code, offset: c_int) -> c_int;
    PyUnicode_Compare(a: *mut Object, b: *mut Object) -> c_int;
    PyFunction_New(code: *mut Object, globals: *mut Object) -> *mut Object;
    _PyFunction_SetVersion(func: *mut Function, version: u32);
    PyMethod_New(func: *mut Object, slf: *mut Object) -> *mut Object;
    _PyTemplate_Build(strings: *mut Object, interpolations: *mut Object) -> *mut Object;
    _PyInterpolation_Build(value: *mut Object, str_: *mut Object, conversion: c_int, spec: *mut Object) -> *mut Object;
    _PySuper_Lookup(su_type: *mut Type, su_obj: *mut Object, name: *mut Object, meth_found: *mut c_int) -> *mut Object;
    _Py_MakeCoro(func: *mut Function) -> *mut Object;
    _PyGen_FetchStopIterationValue(value: *mut *mut Object) -> c_int;
    _PyGen_SetStopIterationValue(value: *mut Object) -> c_int;
    _PyGen_yf(gen_: *mut Generator) -> *mut Object;

    _PyEval_LoadName(ts: *mut ThreadState, frame: *mut Frame, name: *mut Object) -> *mut Object;
    _PyEval_GetBuiltin(name: *mut Object) -> *mut Object;
    _PyEval_ImportName(ts: *mut ThreadState, frame: *mut Frame, name: *mut Object, fromlist: *mut Object, level: *mut Object) -> *mut Object;
    _PyEval_ImportFrom(ts: *mut ThreadState, module: *mut Object, name: *mut Object) -> *mut Object;
    _PyEval_UnpackIterableStackRef(ts: *mut ThreadState, v: *mut Object, argcnt: c_int, argcntafter: c_int, sp: *mut StackRef) -> c_int;
    _PyEval_FormatExcCheckArg(ts: *mut ThreadState, exc: *mut Object, format: *const c_char, obj: *mut Object);
    _PyEval_FormatExcUnbound(ts: *mut ThreadState, code: *mut Code, oparg: c_int);
    _PyEval_FormatKwargsError(ts: *mut ThreadState, func: *mut Object, kwargs: *mut Object);
    _PyEval_FormatAwaitableError(ts: *mut ThreadState, ty: *mut Type, oparg: c_int);
    _PyEval_CheckExceptTypeValid(ts: *mut ThreadState, right: *mut Object) -> c_int;
    _PyEval_CheckExceptStarTypeValid(ts: *mut ThreadState, right: *mut Object) -> c_int;
    _PyEval_ExceptionGroupMatch(frame: *mut Frame, exc: *mut Object, ty: *mut Object, matched: *mut *mut Object, rest: *mut *mut Object) -> c_int;
    _PyEval_GetANext(aiter: *mut Object) -> *mut Object;
    _PyEval_GetAwaitable(iterable: *mut Object, oparg: c_int) -> *mut Object;
    _PyEval_MatchClass(ts: *mut ThreadState, subject: *mut Object, ty: *mut Object, nargs: isize, kwargs: *mut Object) -> *mut Object;
    _PyEval_MatchKeys(ts: *mut ThreadState, map: *mut Object, keys: *mut Object) -> *mut Object;
    _PyEval_SpecialMethodCanSuggest(slf: *mut Object, oparg: c_int) -> c_int;
    _PyMonitoring_FirePyUnwindEvent(state: *mut MonitoringState, code: *mut Object, offset: i32) -> c_int;
    _PyMonitoring_FireExceptionHandledEvent(state: *mut MonitoringState, code: *mut Object, offset: i32) -> c_int;
    _PyEval_MonitorRaise(ts: *mut ThreadState, frame: *mut Frame, instr: *mut CodeUnit);
    _PyEval_NoToolsForUnwind(ts: *mut ThreadState) -> bool;
    _PyEval_SliceIndex(v: *mut Object, result: *mut isize) -> c_int;
    _Py_Check_ArgsIterable(ts: *mut ThreadState, func: *mut Object, args: *mut Object) -> c_int;

    PyObject_GetArenaAllocator(allocator: *mut core::ffi::c_void);

    PyErr_Occurred() -> *mut Object;
    PyErr_SetString(exc: *mut Object, msg: *const c_char);
    PyErr_SetObject(exc: *mut Object, value: *mut Object);
    PyErr_NoMemory() -> *mut Object;
    PyErr_ExceptionMatches(exc: *mut Object) -> c_int;
    PyErr_GivenExceptionMatches(err: *mut Object, exc: *mut Object) -> c_int;
    PyErr_Clear();
    PyErr_WriteUnraisable(o: *mut Object);
    PyErr_GetRaisedException() -> *mut Object;
    PyErr_SetRaisedException(exc: *mut Object);
    PyException_SetCause(exc: *mut Object, cause: *mut Object);
    PyException_SetTraceback(exc: *mut Object, tb: *mut Object) -> c_int;
    PyException_GetTraceback(exc: *mut Object) -> *mut Object;
    _PyErr_SetKeyError(key: *mut Object);

    PyDict_AddWatcher(callback: unsafe extern "C" fn(c_int, *mut Object, *mut Object, *mut Object) -> c_int) -> c_int;
    PyDict_ClearWatcher(id: c_int) -> c_int;
    PyDict_Watch(id: c_int, dict: *mut Object) -> c_int;
    PyDict_Unwatch(id: c_int, dict: *mut Object) -> c_int;
    PyType_AddWatcher(callback: unsafe extern "C" fn(*mut Type) -> c_int) -> c_int;
    PyType_ClearWatcher(id: c_int) -> c_int;
    PyType_Watch(id: c_int, ty: *mut Object) -> c_int;
    PyType_Unwatch(id: c_int, ty: *mut Object) -> c_int;
    PyFunction_AddWatcher(callback: unsafe extern "C" fn(c_int, *mut Function, *mut Object) -> c_int) -> c_int;
    PyFunction_ClearWatcher(id: c_int) -> c_int;
    PyCode_AddWatcher(callback: unsafe extern "C" fn(c_int, *mut Code) -> c_int) -> c_int;
    PyCode_ClearWatcher(id: c_int) -> c_int;
    PyCode_NewEmpty(filename: *const c_char, name: *const c_char, line: c_int) -> *mut Object;
    PyObject_VectorcallMethod(name: *mut Object, args: *const *mut Object, nargsf: usize, kwnames: *mut Object) -> *mut Object;
    PyObject_DelAttr(o: *mut Object, name: *mut Object) -> c_int;
    PyType_GenericAlloc(ty: *mut Type, n: isize) -> *mut Object;
    PyType_GetDict(ty: *mut Type) -> *mut Object;
    PyErr_SetHandledException(exc: *mut Object);
    PyException_SetContext(exc: *mut Object, context: *mut Object);
    _PyErr_ExceptionMatches(ts: *mut ThreadState, exc: *mut Object) -> c_int;
    _PySet_AddTakeRef(set: *mut Object, key: *mut Object) -> c_int;
    _PyEval_LoadGlobalStackRef(globals: *mut Object, builtins: *mut Object, name: *mut Object, out: *mut StackRef);
    _Py_LoadAttr_StackRefSteal(ts: *mut ThreadState, owner: StackRef, name: *mut Object, self_or_null: *mut StackRef) -> StackRef;
    PyObject_GetBuffer(o: *mut Object, view: *mut crate::abi::array::Buffer, flags: c_int) -> c_int;
    PyBuffer_Release(view: *mut crate::abi::array::Buffer);
    PyUnicode_Equal(a: *mut Object, b: *mut Object) -> c_int;
    PyUnicode_Contains(s: *mut Object, part: *mut Object) -> c_int;
    PyUnicode_Substring(s: *mut Object, start: isize, end: isize) -> *mut Object;
    PyUnicode_ReadChar(s: *mut Object, i: isize) -> u32;
    PyUnicode_FromOrdinal(ordinal: c_int) -> *mut Object;
    PyUnicode_Resize(s: *mut *mut Object, size: isize) -> c_int;
    PyUnicode_CopyCharacters(to: *mut Object, to_start: isize, from: *mut Object, from_start: isize, n: isize) -> isize;
    PyUnicode_New(size: isize, maxchar: u32) -> *mut Object;
    PyImport_GetModule(name: *mut Object) -> *mut Object;
    PyObject_GC_IsTracked(o: *mut Object) -> c_int;
    PyObject_Hash(o: *mut Object) -> isize;
    PyNumber_Index(o: *mut Object) -> *mut Object;
    PyNumber_AsSsize_t(o: *mut Object, error: *mut Object) -> isize;
    PyObject_RichCompareBool(a: *mut Object, b: *mut Object, op: c_int) -> c_int;
    PyList_GetSlice(list: *mut Object, low: isize, high: isize) -> *mut Object;
    PyTuple_GetSlice(tuple: *mut Object, low: isize, high: isize) -> *mut Object;
    PyBytes_FromStringAndSize(s: *const c_char, n: isize) -> *mut Object;
    PyList_Insert(list: *mut Object, index: isize, item: *mut Object) -> c_int;
    PyList_SetSlice(list: *mut Object, low: isize, high: isize, v: *mut Object) -> c_int;
    PySet_Discard(set: *mut Object, key: *mut Object) -> c_int;
    PyLong_FromUnicodeObject(s: *mut Object, base: c_int) -> *mut Object;
    PyFloat_FromString(s: *mut Object) -> *mut Object;
    PyUnicode_EqualToUTF8(s: *mut Object, utf8: *const c_char) -> c_int;
    PyUnicode_FromFormat(format: *const c_char, arg: *mut Object) -> *mut Object;
}

data! {
    _PyRuntime: c_void;
    Py_Version: u32;
    _Py_NoneStruct: Object;
    _Py_TrueStruct: Object;
    _Py_FalseStruct: Object;
    _Py_NotImplementedStruct: Object;
    PyLong_Type: Type;
    PyFloat_Type: Type;
    PyBool_Type: Type;
    PyUnicode_Type: Type;
    PyBytes_Type: Type;
    PyByteArray_Type: Type;
    PyList_Type: Type;
    PyTuple_Type: Type;
    PyDict_Type: Type;
    PySet_Type: Type;
    PyFrozenSet_Type: Type;
    PySlice_Type: Type;
    PyType_Type: Type;
    PyBaseObject_Type: Type;
    PyFunction_Type: Type;
    PyMethod_Type: Type;
    PyCode_Type: Type;
    PyCell_Type: Type;
    PyModule_Type: Type;
    PyRange_Type: Type;
    PyRangeIter_Type: Type;
    PyListIter_Type: Type;
    PyTupleIter_Type: Type;
    PyDictIterKey_Type: Type;
    PyDictIterValue_Type: Type;
    PyDictIterItem_Type: Type;
    PySetIter_Type: Type;
    PyDictKeys_Type: Type;
    PyDictValues_Type: Type;
    PyDictItems_Type: Type;
    PyMap_Type: Type;
    PyFilter_Type: Type;
    PyUnicodeIter_Type: Type;
    PyBytesIter_Type: Type;
    PyListRevIter_Type: Type;
    PyReversed_Type: Type;
    PyEnum_Type: Type;
    PyZip_Type: Type;
    PyGen_Type: Type;
    PyCoro_Type: Type;
    PyCFunction_Type: Type;
    PyCMethod_Type: Type;
    PyMethodDescr_Type: Type;
    PyMemberDescr_Type: Type;
    PyClassMethod_Type: Type;
    PyStaticMethod_Type: Type;
    PyProperty_Type: Type;
    PySuper_Type: Type;
    PyWrapperDescr_Type: Type;
    PyGetSetDescr_Type: Type;
    PyExc_BaseException: *mut Object;
    PyExc_Exception: *mut Object;
    PyExc_NameError: *mut Object;
    PyExc_TypeError: *mut Object;
    PyExc_ValueError: *mut Object;
    PyExc_OverflowError: *mut Object;
    PyExc_RuntimeError: *mut Object;
    PyExc_RecursionError: *mut Object;
    PyExc_SystemError: *mut Object;
    PyExc_StopIteration: *mut Object;
    PyExc_StopAsyncIteration: *mut Object;
    PyExc_AttributeError: *mut Object;
    PyExc_UnboundLocalError: *mut Object;
    PyExc_KeyError: *mut Object;
    PyExc_ZeroDivisionError: *mut Object;
    _PyEval_BinaryOps: Option<BinaryFn>;
    _PyEval_ConversionFuncs: Option<UnaryFn>;
    _PyIntrinsics_UnaryFunctions: IntrinsicUnary;
    _PyIntrinsics_BinaryFunctions: IntrinsicBinary;
    _Py_SpecialMethods: SpecialMethod;
    _Py_FunctionAttributeOffsets: usize;
    _Py_InitCleanup: Code;
}

/// `_PyRuntime`, whose layout is read at known byte offsets only.
#[inline(always)]
pub fn runtime() -> *mut c_void {
    _PyRuntime()
}

type FormatFn = unsafe extern "C" fn(*mut Object, *const c_char, ...) -> *mut Object;

static mut PYERR_FORMAT: Option<FormatFn> = None;

/// `PyErr_Format`.
///
/// # Safety
/// The arguments fit the format.
#[inline(always)]
pub unsafe fn pyerr_format() -> FormatFn {
    // SAFETY: filled by `probe`.
    unsafe { PYERR_FORMAT.unwrap_unchecked() }
}

static mut FUNCTION_VECTORCALL: Option<VectorcallFn> = None;

/// `_PyFunction_Vectorcall`, which is not exported: what every function has unless somebody replaced it.
#[inline(always)]
pub fn function_vectorcall() -> Option<VectorcallFn> {
    // SAFETY: filled by `probe` before any reader.
    unsafe { FUNCTION_VECTORCALL }
}

/// Reads [`function_vectorcall`] off a fresh function.
///
/// # Safety
/// The tables are filled; the GIL is held.
pub(super) unsafe fn learn_function_vectorcall() -> bool {
    // SAFETY: the caller's; every reference made here is released.
    unsafe {
        let code = PyCode_NewEmpty(c"".as_ptr(), c"".as_ptr(), 1);
        let globals = PyDict_New();
        if code.is_null() || globals.is_null() {
            return false;
        }
        let function = PyFunction_New(code, globals);
        super::refs::decref(code);
        super::refs::decref(globals);
        if function.is_null() {
            return false;
        }
        let vectorcall = (*function.cast::<Function>()).vectorcall;
        super::refs::decref(function);
        FUNCTION_VECTORCALL = vectorcall;
        vectorcall.is_some()
    }
}

/// Fills the tables; returns what the interpreter that has this `Py_Version` does not export.
///
/// # Safety
/// Called once, under the GIL, before any other use of this module.
pub(super) unsafe fn resolve(version: *const u32) -> Vec<&'static str> {
    let mut missing = Vec::new();
    let exports = Exports::of(version.cast());
    resolve_functions(&exports, &mut missing);
    resolve_data(&exports, &mut missing);
    let format = exports.resolve(const { Name::new("PyErr_Format\0") }, &mut missing);
    // SAFETY: the caller's; the symbol is that variadic function.
    unsafe { PYERR_FORMAT = transmute::<*mut c_void, Option<FormatFn>>(format) };
    missing
}
