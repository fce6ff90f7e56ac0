//! The compiler's driver.
use ir::{Trace, Uop};

use crate::emit::{Emitted, Outside, emit};
use crate::live::Live;
use crate::select::select;
use crate::{Arena, CompileError, Compiled, Env, Options, alloc};

/// Compiles `trace` into `arena`.
///
/// # Errors
/// See [`CompileError`]; nothing stays allocated.
pub fn compile(trace: &Trace, arena: &mut Arena, env: &dyn Env, options: &Options) -> Result<Compiled, CompileError> {
    if !stencils::supported() {
        return Err(CompileError::Unsupported);
    }
    let selected = select(trace);
    let live = Live::analyze(trace, &selected)?;
    let mut allocated = alloc::allocate(trace, &selected, &live, env, options)?;
    #[cfg(debug_assertions)]
    if let Err(wrong) = crate::check::check(trace, &selected, &allocated, env) {
        panic!("{wrong}\n{trace}");
    }
    let outside = Outside {
        exit_thunk: arena.exit_thunk,
        exit_thunk_general: arena.exit_thunk_general,
        escape_thunk: arena.escape_thunk,
        left_thunk: arena.left_thunk,
        dealloc: env.helper(Uop::DeallocHarmless),
        first_exit_id: env.first_exit_id(allocated.exits.len()),
        first_escape_id: env.first_escape_id(allocated.escapes.len()),
        first_call_id: env.first_call_id(allocated.calls.len()),
        call_thunk: arena.call_thunk,
        returned_thunk: arena.returned_thunk,
        return_thunk: arena.return_thunk,
        link_thunk: arena.link_thunk,
        prologue: env.prologue(trace),
    };
    let Emitted { code: mut bytes, fixups, marks, body } = emit(&mut allocated, &outside)?;
    let code = arena.allocate(bytes.len()).ok_or(CompileError::ArenaFull)?;
    for (at, target) in fixups {
        let at = at as usize;
        // The arena is smaller than what 32 bits reach.
        let rel = (target as i64 - (code.addr + at + 4) as i64) as i32;
        bytes[at..at + 4].copy_from_slice(&rel.to_le_bytes());
    }
    if arena.write(code.addr, &bytes).is_err() {
        arena.release(code);
        return Err(CompileError::Refused);
    }
    Ok(Compiled {
        code,
        entry: code.addr,
        body: code.addr + body as usize,
        entry_locs: allocated.entry_locs,
        exits: allocated.exits,
        values: allocated.exit_values,
        consts: selected.consts,
        escapes: allocated.escapes,
        calls: allocated.calls,
        marks,
    })
}
