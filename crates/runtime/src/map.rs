//! `TIERUP_DUMP=map`: which machine code is which uop of which source line, for profilers.
//!
//! A trace's map is a line `code ADDRESS LENGTH KIND`, then a line `OFFSET PART NUMBER UOP LINE FILE` for each part,
//! which reaches to the next one.

use std::fmt::Write;

use codegen::{Compiled, MarkKind};
use cpython::abi as py;
use ir::{SnapId, Trace, TraceKind, Uop};

use crate::state::text_of;

/// The map of `trace`. Its code objects must be alive.
pub(crate) fn map(trace: &Trace, compiled: &Compiled) -> String {
    let kind = match trace.kind {
        TraceKind::Root => "root".into(),
        TraceKind::Bridge { parent, exit } => format!("bridge from exit {exit} of executor {parent}"),
    };
    let mut out = format!("code {:#x} {} {kind}\n", compiled.code.addr, compiled.code.len);
    let places = places(trace);
    for mark in &compiled.marks {
        let (part, number, uop, snapshot) = match mark.kind {
            MarkKind::Inst(n, uop) => ("inst", n, uop, places[n as usize]),
            MarkKind::Cold(n, uop) => ("cold", n, uop, places[n as usize]),
            MarkKind::Exit(n) => {
                let exit = &compiled.exits[n as usize];
                ("exit", n, exit.uop, Some(exit.snapshot))
            }
            MarkKind::Escape(n) => ("cold", n, Uop::Escape, Some(compiled.escapes[n as usize].snapshot)),
        };
        let place = snapshot.map_or("0 ?".into(), |snapshot| place(trace, snapshot));
        let _ = writeln!(out, "{} {part} {number} {} {place}", mark.offset, uop.name());
    }
    out
}

/// A snapshot for each instruction: its own, else the last one before, for guards come before effects; at the start,
/// the first one after.
fn places(trace: &Trace) -> Vec<Option<SnapId>> {
    let mut last = trace.insts.iter().find_map(|inst| inst.snap);
    let place = |inst: &ir::Inst| {
        last = inst.snap.or(last);
        last
    };
    trace.insts.iter().map(place).collect()
}

/// `LINE FILE` of the innermost frame.
fn place(trace: &Trace, snapshot: SnapId) -> String {
    let Some(frame) = trace.snapshot(snapshot).innermost() else { return "0 ?".into() };
    let code = trace.codes[frame.code.0 as usize] as *mut py::Code;
    // SAFETY: by the contract of `map`; the offset is in bytes, two a code unit.
    unsafe {
        let line = py::PyCode_Addr2Line(code, 2 * frame.pc as i32);
        format!("{line} {}", text_of((*code).co_filename))
    }
}
