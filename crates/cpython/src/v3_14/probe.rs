//! Decides whether the running interpreter is the one `layout.rs` describes.

use super::api::*;
use super::layout::*;
use crate::symbols::lookup;

/// See [`crate::probe`].
pub unsafe fn probe() -> Result<(), String> {
    let version = check_version()?;
    // SAFETY: the caller holds the GIL and nothing else of the crate has run.
    let missing = unsafe { resolve(version) };
    if let Some(first) = missing.first() {
        return Err(format!(
            "this CPython does not export {first}{}",
            if missing.len() > 1 { format!(" and {} more symbols", missing.len() - 1) } else { String::new() }
        ));
    }
    check_debug_offsets()?;
    // SAFETY: the symbols are resolved and the offsets of the basic structures confirmed.
    unsafe {
        check_live_objects()?;
        super::iterators::learn();
        super::deaths::learn();
    }
    Ok(())
}

/// `Py_Version` is a 32-bit constant in every CPython since 3.11; its address.
fn check_version() -> Result<*const u32, String> {
    let address = lookup(c"Py_Version").cast::<u32>();
    if address.is_null() {
        return Err("no CPython is loaded in this process".into());
    }
    // SAFETY: exported data of that type.
    let version = unsafe { *address };
    if version >> 16 != VERSION_MAJOR_MINOR {
        return Err(format!("CPython {}.{} is not supported, only 3.14 is", version >> 24, version >> 16 & 0xff));
    }
    if !lookup(c"_Py_NegativeRefcount").is_null() && !lookup(c"_Py_RefTotal").is_null() {
        return Err("debug builds of CPython are not supported".into());
    }
    Ok(address)
}

/// Compares `_Py_DebugOffsets`, the description every CPython carries for debuggers.
fn check_debug_offsets() -> Result<(), String> {
    let base = runtime().cast::<u8>();
    // SAFETY: _PyRuntime starts with _Py_DebugOffsets, whose cookie says so.
    unsafe {
        if core::slice::from_raw_parts(base, 8) != b"xdebugpy" {
            return Err("this CPython's runtime state has an unknown layout".into());
        }
        for &(offset, expected, name) in DEBUG_OFFSETS {
            let actual = *base.add(offset).cast::<u64>();
            if actual != expected {
                return Err(format!("this CPython's layout is not supported ({name} is {actual}, not {expected})"));
            }
        }
    }
    Ok(())
}

/// Looks at real objects where `_Py_DebugOffsets` says nothing.
unsafe fn check_live_objects() -> Result<(), String> {
    let wrong = |what: &str| Err(format!("this CPython's layout is not supported ({what})"));
    // SAFETY: the GIL is held; every object made here is released here.
    unsafe {
        let interp = PyInterpreterState_Get();
        let ts = PyThreadState_Get();
        if (*ts).interp != interp || (*ts).exc_info.is_null() {
            return wrong("thread state");
        }
        let func = _PyInterpreterState_GetEvalFrameFunc(interp) as *const ();
        let stored = (*interp).eval_frame.map_or(core::ptr::null(), |f| f as *const ());
        if !(stored == func || stored.is_null() && func == address::_PyEval_EvalFrameDefault()) {
            return wrong("eval_frame");
        }
        if !learn_function_vectorcall() {
            return wrong("functions");
        }
        let (positive, negative) = (PyLong_FromLongLong(7), PyLong_FromLongLong(-5));
        if positive != super::objects::small_int(7)
            || negative != super::objects::small_int(-5)
            || Long::compact_value(negative.cast()) != -5
        {
            return wrong("small ints");
        }
        if !free_list_works(&raw mut (*interp).free_floats, PyFloat_FromDouble(1.5)) {
            return wrong("free list of floats");
        }
        if !free_list_works(&raw mut (*interp).free_ints, PyLong_FromLongLong(1 << 20)) {
            return wrong("free list of ints");
        }
        if (*interp).common_consts[2] != PyTuple_Type().cast::<Object>() {
            return wrong("common constants");
        }
        let int_type = PyLong_Type();
        if (*int_type).tp_dict.is_null() && (*int_type).tp_mro.is_null() {
            return wrong("types");
        }
        if (*ts).eval_breaker >> EVAL_EVENTS_BITS != (*interp).instrumentation_version >> EVAL_EVENTS_BITS {
            return wrong("instrumentation version");
        }
    }
    Ok(())
}

/// Whether releasing `op`, the only reference to a fresh object, puts it on top of `list`.
unsafe fn free_list_works(list: *mut FreeList, op: *mut Object) -> bool {
    // SAFETY: the caller gives the reference away.
    unsafe {
        let limit = FLOATS_MAXFREELIST.min(INTS_MAXFREELIST) as isize;
        if (*list).size < -1 || (*list).size > FLOATS_MAXFREELIST.max(INTS_MAXFREELIST) as isize {
            return false;
        }
        let room = (0..limit).contains(&(*list).size);
        super::refs::decref(op);
        !room || (*list).freelist == op.cast::<()>()
    }
}
