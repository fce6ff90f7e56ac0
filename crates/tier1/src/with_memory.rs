//! Calls that need memory of the C stack.
//!
//! A handler that lets the address of a local variable out cannot jump to the next one any more: the variable
//! might still be in use. So whatever wants an array or an out-parameter is a function of its own, here, that
//! takes and returns registers.

use core::mem::MaybeUninit;
use core::ptr::null_mut;

use cpython::abi::*;

use crate::hot::*;

/// Arguments beyond which the array moves to the heap.
const INLINE_ARGUMENTS: usize = 10;

/// Bit of a vectorcall's argument count: the callee may use the place before the first argument.
const VECTORCALL_OFFSET: usize = 1 << (usize::BITS - 1);

/// Calls `body` with an array of `count` places, and `BEFORE` more in front of it, that hold nothing yet.
#[inline(always)]
unsafe fn with_array<T, R, const BEFORE: usize>(count: usize, body: impl FnOnce(*mut T) -> R) -> R {
    const { assert!(BEFORE <= 1) };
    let mut short = [const { MaybeUninit::<T>::uninit() }; INLINE_ARGUMENTS + 1];
    let mut long: Vec<T>;
    // SAFETY: both are long enough.
    let array = unsafe {
        if count <= INLINE_ARGUMENTS {
            short.as_mut_ptr().cast::<T>().add(BEFORE)
        } else {
            long = Vec::with_capacity(count + BEFORE);
            long.as_mut_ptr().add(BEFORE)
        }
    };
    body(array)
}

/// Arguments up to which copying them is all there is to it.
const FEW_ARGUMENTS: usize = 4;

/// Calls `body` with the objects of `count` stack entries, and room for one more before them, as the
/// vectorcall protocol wants it.
#[inline(always)]
unsafe fn with_objects<T>(args: *mut StackRef, count: usize, body: impl FnOnce(*mut *mut Object) -> T) -> T {
    if count > FEW_ARGUMENTS {
        // SAFETY: the caller's.
        return unsafe { with_many_objects(args, count, body) };
    }
    let mut few = [const { MaybeUninit::<*mut Object>::uninit() }; FEW_ARGUMENTS + 1];
    let objects: *mut *mut Object = few.as_mut_ptr().cast();
    // SAFETY: the array is long enough, and only what has been written is read.
    unsafe {
        copy_objects(objects.add(1), args, count);
        body(objects.add(1))
    }
}

/// As [`with_objects`], for any number. (Apart from it, for what the heap needs would be prepared each time.)
#[cold]
#[inline(never)]
unsafe fn with_many_objects<T>(args: *mut StackRef, count: usize, body: impl FnOnce(*mut *mut Object) -> T) -> T {
    let copy_and_use = move |array: *mut *mut Object| {
        // SAFETY: the entries are live, and the array has as many places.
        unsafe { copy_objects(array, args, count) };
        body(array)
    };
    // SAFETY: only what has been written is read.
    unsafe { with_array::<_, _, 1>(count, copy_and_use) }
}

/// Writes the objects of `count` stack entries to `to`.
#[inline(always)]
unsafe fn copy_objects(to: *mut *mut Object, args: *mut StackRef, count: usize) {
    // Copying a few is not worth unrolling.
    for i in 0..count {
        plain_loop();
        // SAFETY: the entries are live, and there are as many places.
        unsafe { *to.add(i) = (*args.add(i)).object() };
    }
}

/// `PyObject_Vectorcall` on stack entries; the last ones are keyword arguments if there are `names`.
#[inline(never)]
pub(crate) unsafe fn vectorcall(
    callable: *mut Object,
    args: *mut StackRef,
    count: usize,
    names: *mut Object,
) -> *mut Object {
    // SAFETY: live objects.
    unsafe {
        let keywords = if names.is_null() { 0 } else { Tuple::len(names.cast()) };
        with_objects(args, count, move |objects| {
            PyObject_Vectorcall(callable, objects, (count - keywords) | VECTORCALL_OFFSET, names)
        })
    }
}

/// Calls a vectorcall function itself.
#[inline(never)]
pub(crate) unsafe fn call_vectorcall_function(
    function: VectorcallFn,
    callable: *mut Object,
    args: *mut StackRef,
    count: usize,
) -> *mut Object {
    // SAFETY: live objects.
    unsafe {
        with_objects(args, count, move |objects| function(callable, objects, count | VECTORCALL_OFFSET, null_mut()))
    }
}

/// Calls a `METH_FASTCALL` function.
#[inline(never)]
pub(crate) unsafe fn call_fast(function: FastFn, slf: *mut Object, args: *mut StackRef, count: usize) -> *mut Object {
    // SAFETY: live objects.
    unsafe { with_objects(args, count, move |objects| function(slf, objects, count as isize)) }
}

/// Calls a `METH_FASTCALL | METH_KEYWORDS` function.
#[inline(never)]
pub(crate) unsafe fn call_fast_keywords(
    function: FastKeywordsFn,
    slf: *mut Object,
    args: *mut StackRef,
    count: usize,
) -> *mut Object {
    // SAFETY: live objects.
    unsafe { with_objects(args, count, move |objects| function(slf, objects, count as isize, null_mut())) }
}

/// Whether the C stack has room for a call. Reads the stack pointer itself: a local's address must not get out.
#[inline(always)]
pub(crate) unsafe fn c_stack_has_room(ts: *mut ThreadState) -> bool {
    let here: usize;
    // SAFETY: every PyThreadState is the first field of a _PyThreadStateImpl.
    unsafe {
        core::arch::asm!("mov {}, rsp", out(reg) here, options(nomem, nostack, preserves_flags));
        here > (*ts.cast::<ThreadStateImpl>()).c_stack_soft_limit
    }
}

/// A dict of `count` key-value pairs.
#[inline(never)]
pub(crate) unsafe fn dict_of(pairs: *mut StackRef, count: usize) -> *mut Object {
    // SAFETY: live objects.
    unsafe {
        with_objects(pairs, count * 2, move |objects| _PyDict_FromItems(objects, 2, objects.add(1), 2, count as isize))
    }
}

/// The concatenation of `count` strings.
#[inline(never)]
pub(crate) unsafe fn join(separator: *mut Object, pieces: *mut StackRef, count: usize) -> *mut Object {
    // SAFETY: live strings.
    unsafe { with_objects(pieces, count, move |objects| _PyUnicode_JoinArray(separator, objects, count as isize)) }
}

/// An item of a dict; null if it is missing (a `KeyError` is set) or the look-up failed.
#[inline(never)]
pub(crate) unsafe fn dict_item(dict: *mut Object, key: *mut Object) -> *mut Object {
    let mut item = null_mut();
    // SAFETY: a dict.
    unsafe {
        if PyDict_GetItemRef(dict, key, &raw mut item) == 0 {
            _PyErr_SetKeyError(key);
        }
    }
    item
}

/// `PyMapping_GetOptionalItem`, as found, missing (null) or failed.
#[inline(never)]
pub(crate) unsafe fn optional_item(mapping: *mut Object, key: *mut Object) -> Result<*mut Object, ()> {
    let mut value = null_mut();
    // SAFETY: live objects.
    let status = unsafe { PyMapping_GetOptionalItem(mapping, key, &raw mut value) };
    if status < 0 { Err(()) } else { Ok(value) }
}

/// `left + right`, consuming the reference to `left`, which may grow in place.
#[inline(never)]
pub(crate) unsafe fn append_str(left: *mut Object, right: *mut Object) -> *mut Object {
    let mut text = left;
    // SAFETY: strings.
    unsafe { PyUnicode_Append(&raw mut text, right) };
    text
}

/// The value of the `StopIteration` that is set, or of a plain end; null if another exception is set.
#[inline(never)]
pub(crate) unsafe fn stop_iteration_value() -> *mut Object {
    let mut value = null_mut();
    // SAFETY: the GIL is held.
    if unsafe { _PyGen_FetchStopIterationValue(&raw mut value) } != 0 { null_mut() } else { value }
}

/// Splits an exception (group): what matches (null with an exception set) and the rest.
#[inline(never)]
pub(crate) unsafe fn split_group(
    frame: *mut Frame,
    exception: *mut Object,
    wanted: *mut Object,
) -> (*mut Object, *mut Object) {
    let (mut matched, mut rest) = (null_mut(), null_mut());
    // SAFETY: live objects.
    let status = unsafe { _PyEval_ExceptionGroupMatch(frame, exception, wanted, &raw mut matched, &raw mut rest) };
    if status < 0 { (null_mut(), null_mut()) } else { (matched, rest) }
}

/// `super(class, receiver).name`, and whether it is a method that still wants its receiver.
#[inline(never)]
pub(crate) unsafe fn super_lookup(
    class: *mut Object,
    receiver: *mut Object,
    name: *mut Object,
    method: bool,
) -> (*mut Object, bool) {
    let mut found = 0;
    // SAFETY: live objects.
    unsafe {
        let generic = (*(*receiver).ob_type).tp_getattro == address::PyObject_GenericGetAttr();
        let out = if method && generic { &raw mut found } else { null_mut() };
        (_PySuper_Lookup(class.cast(), receiver, name, out), found != 0)
    }
}

/// Calls `callable` with one or two objects, as many as `count` says.
#[inline(never)]
pub(crate) unsafe fn call_with(
    callable: *mut Object,
    first: *mut Object,
    second: *mut Object,
    count: usize,
) -> *mut Object {
    let arguments = [first, second];
    // SAFETY: live objects.
    unsafe { PyObject_Vectorcall(callable, arguments.as_ptr(), count, null_mut()) }
}

/// `receiver.name(argument)`.
#[inline(never)]
pub(crate) unsafe fn call_method(name: *mut Object, receiver: *mut Object, argument: *mut Object) -> *mut Object {
    let arguments = [receiver, argument];
    // SAFETY: live objects.
    unsafe { PyObject_VectorcallMethod(name, arguments.as_ptr(), 2, null_mut()) }
}

/// Calls a context manager's `__exit__` with an exception.
#[inline(never)]
pub(crate) unsafe fn call_exit(function: *mut Object, receiver: *mut Object, exception: *mut Object) -> *mut Object {
    // SAFETY: live objects.
    unsafe {
        let traceback = PyException_GetTraceback(exception);
        let traceback_or_none = if traceback.is_null() { _Py_NoneStruct() } else { traceback };
        let mut stack = [null_mut(), receiver, (*exception).ob_type.cast::<Object>(), exception, traceback_or_none];
        let has_receiver = !receiver.is_null() as usize;
        let result = PyObject_Vectorcall(
            function,
            stack.as_mut_ptr().add(2 - has_receiver),
            (3 + has_receiver) | VECTORCALL_OFFSET,
            null_mut(),
        );
        xdecref(traceback);
        result
    }
}

/// A frame for `function` called by `caller` with `first` and then `count` stack entries, of which new references are
/// made; the last ones are keyword arguments if there are `names`. Null with an exception set.
#[inline(never)]
pub(crate) unsafe fn push_prepended(
    ts: *mut ThreadState,
    function: *mut Object,
    first: *mut Object,
    args: *mut StackRef,
    count: usize,
    names: *mut Object,
    caller: *mut Frame,
) -> *mut Frame {
    // SAFETY: the entries are live; the array is as long as what is written.
    unsafe {
        let keywords = if names.is_null() { 0 } else { Tuple::len(names.cast()) };
        with_array::<_, _, 1>(count, |args_after: *mut StackRef| {
            let all = args_after.sub(1);
            *all = StackRef::new(first);
            for i in 0..count {
                *args_after.add(i) = StackRef::new((*args.add(i)).object());
            }
            _PyEvalFramePushAndInit(ts, StackRef::new(function), null_mut(), all, 1 + count - keywords, names, caller)
        })
    }
}

/// A frame for `function(*tuple, **keywords)`, or with `first` before all if that is not null, called by `caller`;
/// consumes no reference. Null with an exception set; `None` if the call is better left to CPython.
///
/// # Safety
/// A function, an object or null, a tuple, and a dict or null; the GIL is held.
#[inline(never)]
pub unsafe fn push_unpacked(
    ts: *mut ThreadState,
    function: StackRef,
    first: *mut Object,
    tuple: *mut Tuple,
    keywords: *mut Object,
    caller: *mut Frame,
) -> Option<*mut Frame> {
    // SAFETY: a function, a tuple, and a dict or null.
    unsafe {
        let before = !first.is_null() as usize;
        let count = before + Tuple::len(tuple);
        let given = if keywords.is_null() {
            0
        } else if (*keywords).ob_type == dict_type() {
            (*keywords.cast::<Dict>()).ma_used as usize
        } else {
            return None;
        };
        with_array::<_, _, 0>(count + given, |args: *mut StackRef| {
            let mut names = null_mut();
            if given != 0 {
                names = PyTuple_New(given as isize);
                if names.is_null() {
                    PyErr_Clear();
                    return None;
                }
                let (mut position, mut key, mut value) = (0isize, null_mut(), null_mut());
                let mut i = 0;
                while PyDict_Next(keywords, &raw mut position, &raw mut key, &raw mut value) != 0 {
                    if (*key).ob_type != str_type() {
                        for j in 0..i {
                            (*args.add(count + j)).close();
                        }
                        decref(names);
                        return None;
                    }
                    *Tuple::items(names.cast()).add(i) = new_ref(key);
                    *args.add(count + i) = StackRef::new(value);
                    i += 1;
                }
            }
            if !first.is_null() {
                *args = StackRef::new(first);
            }
            for i in before..count {
                *args.add(i) = StackRef::new(Tuple::item(tuple, i - before));
            }
            let frame = _PyEvalFramePushAndInit(ts, function.dup(), null_mut(), args, count, names, caller);
            xdecref(names);
            Some(frame)
        })
    }
}
