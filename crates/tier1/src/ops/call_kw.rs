//! Calls of Python functions with keywords: what goes where is worked out once for each function that a place calls.

use cpython::abi::*;

use super::attr::should_choose;
use super::call::{call_kw_slow, finish_native_above};
use super::call_python::start_callee;
use crate::dispatch::*;
use crate::entry;
use crate::hot::*;
use crate::inst::{Inst, Tier1Code};
use crate::with_memory::vectorcall;

// Units of CALL_KW behind the instruction: 1 the function's version and its decoded code, 2 the keywords' names, the
// number of arguments including the receiver, and for each keyword its variable, 3 the miss counter. The names are a
// constant of the calling code; for the others see `call_python`.

/// Bits of a variable's index in the cache.
const INDEX_BITS: u32 = 4;
const MOST_KEYWORDS: usize = (u32::BITS / INDEX_BITS) as usize;
const MOST_PARAMETERS: usize = 1 << INDEX_BITS;

/// For each keyword its variable, if the call is right, and what is missing has a default value of a positional
/// parameter.
unsafe fn variables_of(function: *mut Function, positional: usize, names: *mut Tuple) -> Option<u32> {
    // SAFETY: a live function and a tuple of strings.
    unsafe {
        let code = (*function).func_code;
        let count = (*code).co_argcount as usize;
        let all = count + (*code).co_kwonlyargcount as usize;
        let flags = (*code).co_flags as u32 & (CO_OPTIMIZED | CO_VARARGS | CO_VARKEYWORDS);
        if flags != CO_OPTIMIZED || all > MOST_PARAMETERS || Tuple::len(names) > MOST_KEYWORDS || positional > count {
            return None;
        }
        let (mut variables, mut given) = (0, (1_u32 << positional) - 1);
        for i in 0..Tuple::len(names) {
            let first = (*code).co_posonlyargcount as usize;
            let variable =
                (first..all).find(|&at| Tuple::item((*code).co_localsplusnames, at) == Tuple::item(names, i))?;
            if given >> variable & 1 != 0 {
                return None;
            }
            given |= 1 << variable;
            variables |= (variable as u32) << (i as u32 * INDEX_BITS);
        }
        let defaults = (*function).func_defaults;
        let first_default = count.checked_sub(if defaults.is_null() { 0 } else { Tuple::len(defaults.cast()) })?;
        let complete = (0..all).all(|at| given >> at & 1 != 0 || (first_default..count).contains(&at));
        complete.then_some(variables)
    }
}

/// Chooses the special version for calls of this function, at the second call and more rarely then.
pub(crate) unsafe fn choose(
    ip: *mut Inst,
    function: *mut Function,
    total: usize,
    names: *mut Object,
    tier1: *mut Tier1Code,
) {
    // SAFETY: the contract of handlers.
    unsafe {
        if !should_choose(ip.add(3)) || (*function).func_version < super::call_python::FIRST_VALID_VERSION {
            return;
        }
        let Some(variables) = variables_of(function, total - Tuple::len(names.cast()), names.cast()) else { return };
        (*ip.add(1)).a = (*function).func_version;
        (*ip.add(1)).word = tier1 as usize;
        (*ip.add(2)).word = names as usize;
        (*ip.add(2)).a = total as u32;
        (*ip.add(2)).b = variables;
        (*ip).word = call_kw_py::<false> as *const () as usize;
    }
}

/// Chooses the version for C code that takes its arguments by the vectorcall protocol.
pub(crate) unsafe fn choose_native(ip: *mut Inst, callable: *mut Object) {
    // SAFETY: a live object; the instruction's own cache.
    unsafe {
        let ty = (*callable).ob_type;
        if (ty == c_function_type() || ty == method_descriptor_type()) && should_choose(ip.add(3)) {
            (*ip).word = call_kw_native::<false> as *const () as usize;
        }
    }
}

handlers! {
    /// C functions, and methods with their receiver on the stack.
    fn call_kw_native(f, ip, sp, ts) {
        let callable = sp.sub((*ip).a as usize + 3);
        let op = (*callable).object();
        if (*op).ob_type != c_function_type() && (*op).ob_type != method_descriptor_type() {
            return call_kw_slow::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let args = callable.add(2 - !(*callable.add(1)).is_null() as usize);
        let result = vectorcall(op, args, sp.sub(1).offset_from_unsigned(args), (*sp.sub(1)).object());
        finish_native_above::<R, 1>(ip, ts, result)
    }

    fn call_kw_py(f, ip, sp, ts) {
        let callable = sp.sub((*ip).a as usize + 3);
        let function: *mut Function = (*callable).object().cast();
        let names = (*sp.sub(1)).object();
        let total = (*ip.add(2)).a as usize;
        let args = sp.sub(1 + total);
        // With a receiver there is one argument more than the instruction says.
        let first = callable.add(2 - !(*callable.add(1)).is_null() as usize);
        if (*function).ob_base.ob_type != function_type()
            || (*function).func_version != (*ip.add(1)).a
            || names as usize != (*ip.add(2)).word
            || args != first
            || !entry::hook_is_ours(ts)
        {
            return call_kw_slow::<R>(f, ip, sp, ts);
        }
        let tier1 = (*ip.add(1)).word as *mut Tier1Code;
        let code = (*tier1).code;
        if !has_stack_space(ts, code) || (*ts).py_recursion_remaining <= 1 {
            return call_kw_slow::<R>(f, ip, sp, ts);
        }
        // The calling code keeps the names.
        (*sp.sub(1)).close_shared();
        let new = push_frame(ts, *callable, code, usize::MAX, f).unwrap_unchecked();
        let keywords = Tuple::len(names.cast());
        let positional = total - keywords;
        let mut i = 0;
        while i < positional {
            plain_loop();
            *Frame::local(new, i) = *args.add(i);
            i += 1;
        }
        while i < (*code).co_nlocalsplus as usize {
            plain_loop();
            *Frame::local(new, i) = StackRef::NULL;
            i += 1;
        }
        let (mut variables, mut i) = ((*ip.add(2)).b, positional);
        while i < total {
            plain_loop();
            *Frame::local(new, variables as usize % MOST_PARAMETERS) = *args.add(i);
            variables >>= INDEX_BITS;
            i += 1;
        }
        let count = (*code).co_argcount as usize;
        let mut i = positional;
        while i < count {
            plain_loop();
            let slot = Frame::local(new, i);
            if (*slot).is_null() {
                let defaults: *mut Tuple = (*function).func_defaults.cast();
                *slot = StackRef::new(Tuple::item(defaults, Tuple::len(defaults) + i - count));
            }
            i += 1;
        }
        save(f, ip, callable);
        returns_behind(f, ip, 4);
        (*ts).current_frame = new;
        (*ts).py_recursion_remaining -= 1;
        start_callee::<R>(new, tier1, (*new).stackpointer, ts)
    }
}
