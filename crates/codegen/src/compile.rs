//! The compiler's driver.
use ir::{Trace, Uop, ValueId};

use crate::emit::{self, Emitted, Outside, emit};
use crate::live::Live;
use crate::select::Selected;
use crate::{Arena, CompileError, Compiled, Env, Options, alloc};

/// Memory that traces are compiled in, kept from one to the next: for a small trace, fresh pages cost more than all the
/// rest.
#[derive(Default)]
pub struct Workspace {
    selected: Selected,
    live: Live,
    alloc: alloc::Room,
    emit: emit::Room,
}

/// Instructions up to which a trace is compiled in memory that is kept.
const KEPT: usize = 4096;

/// Compiles `trace` into `arena`, in `ws`.
///
/// # Errors
/// See [`CompileError`]; nothing stays allocated.
pub fn compile(
    trace: &Trace,
    arena: &mut Arena,
    env: &dyn Env,
    options: &Options,
    ws: &mut Workspace,
) -> Result<Compiled, CompileError> {
    if !stencils::supported() {
        return Err(CompileError::Unsupported);
    }
    let mut own = Workspace::default();
    let ws = if trace.insts.len() > KEPT { &mut own } else { ws };
    let Workspace { selected, live, alloc: room, emit: emit_room } = ws;
    selected.select(trace);
    live.analyze(trace, selected)?;
    let mut allocated = alloc::allocate(trace, selected, live, env, options, room)?;
    #[cfg(debug_assertions)]
    if let Err(wrong) = crate::check::check(trace, selected, &allocated, env) {
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
    let emitted = emit(&mut allocated, &outside, options.marks, std::mem::take(emit_room))?;
    let Emitted { room: made, marks, body } = emitted;
    *emit_room = made;
    let emit::Room { code: bytes, fixups, .. } = emit_room;
    let code = arena.allocate(bytes.len()).ok_or(CompileError::ArenaFull)?;
    for &(at, target) in &*fixups {
        let at = at as usize;
        // The arena is smaller than what 32 bits reach.
        let rel = (target as i64 - (code.addr + at + 4) as i64) as i32;
        bytes[at..at + 4].copy_from_slice(&rel.to_le_bytes());
    }
    if arena.write(code.addr, bytes).is_err() {
        arena.release(code);
        return Err(CompileError::Refused);
    }
    // What is kept as long as the code is has just the room that it needs.
    let exits = allocated.exits.clone();
    let values = allocated.exit_values.clone();
    let entry_locs = std::mem::take(&mut allocated.entry_locs);
    let mut escapes = std::mem::take(&mut allocated.escapes);
    let mut calls = std::mem::take(&mut allocated.calls);
    escapes.shrink_to_fit();
    calls.shrink_to_fit();
    room.take_back(allocated);
    let mut consts: Vec<ValueId> = values.iter().filter(|(_, at)| at.is_const()).map(|v| v.0).collect();
    consts.sort_unstable();
    consts.dedup();
    let consts = consts.into_iter().filter_map(|v| Some((v, selected.consts[v.0 as usize]?))).collect();
    Ok(Compiled {
        code,
        entry: code.addr,
        body: code.addr + body as usize,
        entry_locs,
        exits,
        values,
        consts,
        escapes,
        calls,
        marks,
    })
}
