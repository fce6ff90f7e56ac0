//! Names of module and class level, and imports.

use cpython::abi::*;

use crate::dispatch::*;
use crate::hot::*;
use crate::with_memory::optional_item;

const NOT_DEFINED: &core::ffi::CStr = c"name '%.200s' is not defined";

/// Raises `NameError`.
pub(crate) unsafe fn name_error(ts: *mut ThreadState, name: *mut Object) {
    // SAFETY: `name` is a string.
    unsafe { _PyEval_FormatExcCheckArg(ts, *PyExc_NameError(), NOT_DEFINED.as_ptr(), name) }
}

/// Names that handlers look up: interned strings, kept for ever.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    pub init: *mut Object,
    pub class: *mut Object,
    pub instancecheck: *mut Object,
    pub getitem: *mut Object,
    pub send: *mut Object,
    pub annotations: *mut Object,
    pub build_class: *mut Object,
}

static mut NAMES: Names = {
    let none = core::ptr::null_mut();
    Names {
        init: none,
        class: none,
        instancecheck: none,
        getitem: none,
        send: none,
        annotations: none,
        build_class: none,
    }
};

/// The names; not null once tier 1 is on.
#[inline(always)]
pub(crate) fn names() -> Names {
    // SAFETY: written by `intern_names` before any handler runs.
    unsafe { NAMES }
}

/// Makes the names. False if there is no memory for them.
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn intern_names() -> bool {
    // SAFETY: the caller's.
    unsafe {
        NAMES = Names {
            class: PyUnicode_InternFromString(c"__class__".as_ptr()),
            instancecheck: PyUnicode_InternFromString(c"__instancecheck__".as_ptr()),
            init: PyUnicode_InternFromString(c"__init__".as_ptr()),
            getitem: PyUnicode_InternFromString(c"__getitem__".as_ptr()),
            send: PyUnicode_InternFromString(c"send".as_ptr()),
            annotations: PyUnicode_InternFromString(c"__annotations__".as_ptr()),
            build_class: PyUnicode_InternFromString(c"__build_class__".as_ptr()),
        };
        let n = names();
        let all = [n.init, n.class, n.instancecheck, n.getitem, n.send, n.annotations, n.build_class]
            .iter()
            .all(|name| !name.is_null());
        if !all {
            PyErr_Clear();
        }
        all
    }
}

macro_rules! out_of_line {
    ($($name:ident => $target:ident;)*) => {
        handlers! {
            $(fn $name(f, ip, sp, ts) {
                $target::<R>(f, ip, sp, ts)
            })*
        }
    };
}
pub(crate) use out_of_line;

out_of_line! {
    load_name => load_name_slow;
    store_name => store_name_slow;
    delete_name => delete_name_slow;
    load_locals => load_locals_slow;
    load_from_dict_or_globals => load_from_dict_or_globals_slow;
    load_from_dict_or_deref => load_from_dict_or_deref_slow;
    setup_annotations => setup_annotations_slow;
    load_build_class => load_build_class_slow;
    import_name => import_name_slow;
    import_from => import_from_slow;
}

/// A global or builtin, by CPython's rules for namespaces that need not be dicts. `Err` with an exception set.
unsafe fn global_or_builtin(f: *mut Frame, ts: *mut ThreadState, name: *mut Object) -> Result<*mut Object, ()> {
    // SAFETY: live objects.
    unsafe {
        let (globals, builtins) = ((*f).f_globals, (*f).f_builtins);
        let value = if (*globals).ob_type == dict_type() && (*builtins).ob_type == dict_type() {
            let value = _PyDict_LoadGlobal(globals, builtins, name);
            if value.is_null() && !(*ts).current_exception.is_null() {
                return Err(());
            }
            value
        } else {
            let value = optional_item(globals, name)?;
            if value.is_null() { optional_item(builtins, name)? } else { value }
        };
        if value.is_null() {
            name_error(ts, name);
            return Err(());
        }
        Ok(value)
    }
}

out_of_line_handlers! {
    fn load_name_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let value = _PyEval_LoadName(ts, f, name_at(f, (*ip).a));
        if value.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(value);
        proceed::<R>(f, ip, ip.add(1), sp.add(1), ts)
    }

    fn store_name_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let name = name_at(f, (*ip).a);
        let namespace = (*f).f_locals;
        let value = (*sp.sub(1)).object();
        let status = if namespace.is_null() {
            pyerr_format()(*PyExc_SystemError(), c"no locals found when storing %R".as_ptr(), name);
            -1
        } else if (*namespace).ob_type == dict_type() {
            PyDict_SetItem(namespace, name, value)
        } else {
            PyObject_SetItem(namespace, name, value)
        };
        close_slot(sp.sub(1));
        if status != 0 {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn delete_name_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let name = name_at(f, (*ip).a);
        let namespace = (*f).f_locals;
        if namespace.is_null() {
            pyerr_format()(*PyExc_SystemError(), c"no locals when deleting %R".as_ptr(), name);
            return error::<R>(f, ip, sp, ts);
        }
        if PyObject_DelItem(namespace, name) != 0 {
            name_error(ts, name);
            return error::<R>(f, ip, sp, ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn load_locals_slow(f, ip, sp, ts) {
        let namespace = (*f).f_locals;
        if namespace.is_null() {
            save(f, ip, sp);
            PyErr_SetString(*PyExc_SystemError(), c"no locals found".as_ptr());
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::new(namespace);
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn load_from_dict_or_globals_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let name = name_at(f, (*ip).a);
        let found = optional_item((*sp.sub(1)).object(), name);
        close_slot(sp.sub(1));
        let value = match found {
            Ok(value) if value.is_null() => global_or_builtin(f, ts, name),
            other => other,
        };
        let Ok(value) = value else {
            return error::<R>(f, ip, sp.sub(1), ts);
        };
        *sp.sub(1) = StackRef::steal(value);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn load_from_dict_or_deref_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let name = Tuple::item((*Frame::code(f)).co_localsplusnames, (*ip).a as usize);
        let Ok(mut value) = optional_item((*sp.sub(1)).object(), name) else {
            return error::<R>(f, ip, sp, ts);
        };
        if value.is_null() {
            value = (*(*local(f, (*ip).a)).object().cast::<Cell>()).ob_ref;
            if value.is_null() {
                _PyEval_FormatExcUnbound(ts, Frame::code(f), (*ip).a as i32);
                return error::<R>(f, ip, sp, ts);
            }
            incref(value);
        }
        close_slot(sp.sub(1));
        *sp.sub(1) = StackRef::steal(value);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn setup_annotations_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let namespace = (*f).f_locals;
        if namespace.is_null() {
            PyErr_SetString(*PyExc_SystemError(), c"no locals found when setting up annotations".as_ptr());
            return error::<R>(f, ip, sp, ts);
        }
        let name = names().annotations;
        let Ok(found) = optional_item(namespace, name) else {
            return error::<R>(f, ip, sp, ts);
        };
        if found.is_null() {
            let fresh = PyDict_New();
            if fresh.is_null() {
                return error::<R>(f, ip, sp, ts);
            }
            let status = PyObject_SetItem(namespace, name, fresh);
            decref(fresh);
            if status != 0 {
                return error::<R>(f, ip, sp, ts);
            }
        } else {
            decref(found);
        }
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn load_build_class_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let Ok(value) = optional_item((*f).f_builtins, names().build_class) else {
            return error::<R>(f, ip, sp, ts);
        };
        if value.is_null() {
            PyErr_SetString(*PyExc_NameError(), c"__build_class__ not found".as_ptr());
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(value);
        proceed::<R>(f, ip, ip.add(1), sp.add(1), ts)
    }

    fn import_name_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let (level, fromlist) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        let module = _PyEval_ImportName(ts, f, name_at(f, (*ip).a), fromlist, level);
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        if module.is_null() {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        *sp.sub(2) = StackRef::steal(module);
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn import_from_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let value = _PyEval_ImportFrom(ts, (*sp.sub(1)).object(), name_at(f, (*ip).a));
        if value.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(value);
        proceed::<R>(f, ip, ip.add(1), sp.add(1), ts)
    }
}
