//! Readable listings of compiled traces.
use std::fmt::Write;

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

use crate::{Arena, Compiled, Loc, MarkKind};

/// The machine code of `compiled` in Intel syntax, with uop names between, and the places of each exit's values.
pub fn dump(compiled: &Compiled, arena: &Arena) -> String {
    let bytes = arena.code(compiled.code);
    let mut decoder = Decoder::with_ip(64, bytes, compiled.code.addr as u64, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    let mut out = String::new();
    let mut marks = compiled.marks.iter().peekable();
    while decoder.can_decode() {
        let offset = (decoder.ip() - compiled.code.addr as u64) as u32;
        while let Some(m) = marks.next_if(|m| m.offset <= offset) {
            let _ = match m.kind {
                MarkKind::Inst(n, uop) => writeln!(out, "v{n}: {}", uop.name()),
                MarkKind::Cold(n, uop) => writeln!(out, "v{n}: {} (cold)", uop.name()),
                MarkKind::Escape(n) => writeln!(out, "escape {n}: left"),
                MarkKind::Exit(n) => writeln!(out, "exit {n}: {}", exit_line(compiled, n)),
            };
        }
        let inst = decoder.decode();
        let mut text = String::new();
        formatter.format(&inst, &mut text);
        let _ = writeln!(out, "  {offset:5x}  {text}");
    }
    out
}

fn exit_line(compiled: &Compiled, n: u32) -> String {
    let exit = &compiled.exits[n as usize];
    let mut line = format!("v{} {}, s{}:", exit.inst, exit.uop.name(), exit.snapshot.0);
    for (v, loc) in compiled.exit_values(n as usize) {
        let _ = write!(line, " v{}={}", v.0, place(loc));
    }
    line
}

fn place(loc: Loc) -> String {
    const NAMES: [&str; 16] =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
    match loc {
        Loc::Reg(r) => NAMES[r as usize].to_string(),
        Loc::Fpr(x) => format!("xmm{x}"),
        Loc::Spill(s) => format!("spill{s}"),
        Loc::Const(c) => format!("{c:#x}"),
    }
}
