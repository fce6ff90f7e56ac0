//! The text form: what dumps show and tests are written in. Printing, parsing and printing again is the identity.
//!
//! ```text
//! root code=0x7f10                          header: `root` or `bridge parent=3 exit=1`; code objects, index 0 first;
//!   v0 = load_slot 8                        then `entry=i64:slot2,obj:lent0,obj:v7` where the trace has entry
//!                                           parameters (a range iterator's: `i64:start3,i64:len3,i64:step3`, or
//!                                           `i64:start3by1,i64:len3` where the step is known), and `unowned=0x5` (slots 0 and 2) where it is called
//!   guard_type v0, 0x7f00 ; s0              operands, then immediates, then (link, jump, ..) further operands
//!   v2 = unbox_compact v0                   `vN` is the N-th instruction (a parser accepts any names)
//!   label v2
//!   v4 = phi_i64 0
//!   v5 = const_i64 1
//!   v6 = int_add v4, v5 ; s1
//!   jump v6
//! s0: before c0@14 [=, null]                resume, then per frame: code, pc, slots; outermost first
//! s1: during c0@14 [box_i64 v6, =] c1@3 func=v0:new [0x7f20:borrow, v0:steal]
//! s2: before c0@9 [=, =] {v0+16: v6}        then the pending stores to fields: object, offset, value
//! ```
//!
//! A slot is `=` (memory is right), `null`, `vN:count`, `box_i64 vN`, `box_f64 vN`, `box_bool vN`, `range_iter vN vM
//! vK` (start, length, step) or `0xADDRESS:count`; a count is `steal`, `new` or `borrow`. A frame that lies in a
//! generator says `gen=` for `func=`. `#` starts a comment.
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter, Write};

use smallvec::SmallVec;

use crate::{
    CodeId, Continuation, Count, EntryParam, EntrySource, FieldStore, Frame, Inst, Kind, Resume, SlotVal, SnapId,
    Snapshot, SnapshotRef, Source, Trace, TraceKind, Uop, ValueId,
};

/// Immediates below this magnitude are counts and offsets, printed in decimal; others are mostly addresses.
const DECIMAL_BELOW: i64 = 1 << 16;

impl Display for ValueId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl Display for SnapId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

impl Display for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.kind {
            TraceKind::Root => write!(f, "root")?,
            TraceKind::Bridge { parent, exit } => write!(f, "bridge parent={parent} exit={exit}")?,
        }
        if !self.codes.is_empty() {
            write!(f, " code={}", comma(self.codes.iter().map(|c| format!("{c:#x}"))))?;
        }
        if !self.entry.is_empty() {
            write!(f, " entry={}", comma(self.entry.iter().map(entry_text)))?;
        }
        if self.unowned != 0 {
            write!(f, " unowned={:#x}", self.unowned)?;
        }
        writeln!(f)?;
        for n in 0..self.insts.len() {
            writeln!(f, "  {}", self.line(ValueId(n as u32)))?;
        }
        for (n, s) in self.snapshots.iter().enumerate() {
            writeln!(f, "s{n}: {s}")?;
        }
        Ok(())
    }
}

impl Trace {
    /// The text line of one instruction.
    pub fn line(&self, value: ValueId) -> String {
        let inst = self.inst(value);
        let facts = inst.op.facts();
        let mut out = String::new();
        if facts.result.is_some() {
            write!(out, "{value} = ").expect("a String takes all");
        }
        out.push_str(inst.op.name());
        let fixed = facts.operands.len().min(inst.args.len());
        let operands = inst.args[..fixed].iter().map(|a| a.to_string());
        let imms = inst.imms[..facts.imms.len()].iter().map(|&i| imm_text(inst.op, i));
        let rest = inst.args[fixed..].iter().map(|a| a.to_string());
        let all = comma_space(operands.chain(imms).chain(rest));
        if !all.is_empty() {
            out.push(' ');
            out.push_str(&all);
        }
        if let Some(s) = inst.snap {
            write!(out, " ; {s}").expect("a String takes all");
        }
        out
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// The line number and what is wrong with it. The result is not verified.
    pub fn parse(text: &str) -> Result<Trace, ParseError> {
        Parser::default().trace(text)
    }
}

impl Display for SnapshotRef<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.resume {
            Resume::Before => "before",
            Resume::During => "during",
        })?;
        for frame in self.frames() {
            write!(f, " c{}@{}", frame.code.0, frame.pc)?;
            if frame.func != SlotVal::UNCHANGED {
                write!(f, " {}={}", if frame.generator { "gen" } else { "func" }, frame.func)?;
            }
            match frame.continuation {
                Continuation::Push => {}
                Continuation::Finish => f.write_str(" finish")?,
                Continuation::FinishNegated => f.write_str(" finish-negated")?,
            }
            write!(f, " [{}]", comma_space(frame.slots.iter().map(|s| s.to_string())))?;
        }
        if !self.stores.is_empty() {
            let stores = self.stores.iter().map(|s| format!("{}+{}: {}", s.object, s.offset, s.value));
            write!(f, " {{{}}}", comma_space(stores))?;
        }
        Ok(())
    }
}

impl Display for SlotVal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.source {
            Source::Unchanged => write!(f, "=")?,
            Source::Null => write!(f, "null")?,
            Source::Value(v) => write!(f, "{v}")?,
            Source::BoxI64(v) => write!(f, "box_i64 {v}")?,
            Source::BoxF64(v) => write!(f, "box_f64 {v}")?,
            Source::BoxBool(v) => write!(f, "box_bool {v}")?,
            Source::Const(a) => write!(f, "{a:#x}")?,
            Source::RangeIter { start, len, step } => write!(f, "range_iter {start} {len} {step}")?,
        }
        if Some(self.count) != default_count(self.source) {
            let name = match self.count {
                Count::Steal => "steal",
                Count::New => "new",
                Count::Borrow => "borrow",
            };
            write!(f, ":{name}")?;
        }
        Ok(())
    }
}

/// The count that the text leaves out.
fn default_count(source: Source) -> Option<Count> {
    match source {
        Source::Unchanged | Source::Null => Some(Count::Borrow),
        Source::BoxI64(_) | Source::BoxF64(_) | Source::BoxBool(_) | Source::RangeIter { .. } => Some(Count::New),
        Source::Value(_) | Source::Const(_) => None,
    }
}

fn entry_text(p: &EntryParam) -> String {
    let source = match p.source {
        EntrySource::Slot(s) => format!("slot{s}"),
        EntrySource::Lent(s) => format!("lent{s}"),
        EntrySource::RangeStart { slot, step: None } => format!("start{slot}"),
        EntrySource::RangeStart { slot, step: Some(step) } => format!("start{slot}by{step}"),
        EntrySource::RangeLen(s) => format!("len{s}"),
        EntrySource::RangeStep(s) => format!("step{s}"),
        EntrySource::Parent(v) => v.to_string(),
    };
    format!("{}:{source}", p.kind.name())
}

fn imm_text(op: Uop, imm: u64) -> String {
    let float = f64::from_bits(imm);
    if op == Uop::ConstF64 && float.is_finite() {
        return format!("{float:?}");
    }
    let signed = imm as i64;
    if signed.unsigned_abs() < DECIMAL_BELOW as u64 { signed.to_string() } else { format!("{imm:#x}") }
}

fn comma(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

fn comma_space(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

impl Kind {
    /// Its name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Obj => "obj",
            Kind::I64 => "i64",
            Kind::F64 => "f64",
            Kind::Bool => "bool",
            Kind::Ptr => "ptr",
        }
    }

    fn from_name(name: &str) -> Option<Kind> {
        [Kind::Obj, Kind::I64, Kind::F64, Kind::Bool, Kind::Ptr].into_iter().find(|k| k.name() == name)
    }
}

/// Why a text is no trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    pub message: String,
}

impl Display for ParseError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

/// Names seen so far. Snapshots come last in the text, so instruction names are complete when they are read.
#[derive(Default)]
struct Parser<'a> {
    values: HashMap<&'a str, ValueId>,
    snaps: HashMap<&'a str, SnapId>,
}

impl<'a> Parser<'a> {
    fn trace(mut self, text: &'a str) -> Result<Trace, ParseError> {
        let lines: Vec<_> = text
            .lines()
            .enumerate()
            .map(|(n, l)| (n + 1, l.split('#').next().unwrap_or_default().trim()))
            .filter(|(_, l)| !l.is_empty())
            .collect();
        let Some((&(first, header), rest)) = lines.split_first() else {
            return Err(ParseError { line: 1, message: "no trace".into() });
        };
        let at = |line: usize| move |message: String| ParseError { line, message };
        let mut trace = header_line(header).map_err(at(first))?;
        let is_snapshot = |l: &str| l.starts_with('s') && l.split_once(':').is_some_and(|(n, _)| digits(&n[1..]));
        let (snaps, insts): (Vec<_>, Vec<_>) = rest.iter().copied().partition(|(_, l)| is_snapshot(l));
        for (n, &(line, text)) in snaps.iter().enumerate() {
            let name = text.split(':').next().unwrap_or_default();
            if self.snaps.insert(name, SnapId(n as u32)).is_some() {
                return Err(at(line)(format!("snapshot {name} is there twice")));
            }
        }
        for (line, text) in insts {
            let inst = self.inst(text, ValueId(trace.insts.len() as u32)).map_err(at(line))?;
            trace.insts.push(inst);
        }
        for (line, text) in snaps {
            let body = text.split_once(':').map_or("", |(_, b)| b);
            let snap = self.snapshot(body.trim()).map_err(at(line))?;
            trace.push_snapshot(&snap);
        }
        Ok(trace)
    }

    fn inst(&mut self, text: &'a str, id: ValueId) -> Result<Inst, String> {
        let (text, snap) = match text.split_once(';') {
            Some((t, s)) => {
                let name = s.trim();
                (t.trim(), Some(*self.snaps.get(name).ok_or_else(|| format!("no snapshot {name}"))?))
            }
            None => (text, None),
        };
        let (name, text) = match text.split_once('=') {
            Some((n, t)) => (Some(n.trim()), t.trim()),
            None => (None, text),
        };
        let (op, rest) = text.split_once(' ').unwrap_or((text, ""));
        let op = Uop::from_name(op).ok_or_else(|| format!("no uop {op}"))?;
        let facts = op.facts();
        if facts.result.is_some() != name.is_some() {
            return Err(format!("{} {} a result", op.name(), if name.is_some() { "has not" } else { "has" }));
        }
        let mut inst = Inst { op, args: SmallVec::new(), imms: [0; 2], snap };
        let mut imms = 0;
        for token in rest.split(',').map(str::trim).filter(|t| !t.is_empty()) {
            if token.starts_with('v') {
                inst.args.push(self.value(token)?);
            } else {
                let slot = inst.imms.get_mut(imms).ok_or("too many immediates")?;
                *slot = immediate(op, token)?;
                imms += 1;
            }
        }
        if imms != facts.imms.len() {
            return Err(format!("{} takes {} immediates", op.name(), facts.imms.len()));
        }
        if let Some(name) = name
            && (!name.starts_with('v') || self.values.insert(name, id).is_some())
        {
            return Err(format!("{name} is no new value name"));
        }
        Ok(inst)
    }

    fn value(&self, name: &str) -> Result<ValueId, String> {
        self.values.get(name).copied().ok_or_else(|| format!("no value {name} before this"))
    }

    fn snapshot(&self, text: &str) -> Result<Snapshot, String> {
        let (text, stores) = match text.split_once('{') {
            Some((t, s)) => (t.trim(), s.strip_suffix('}').ok_or("stores without an end")?),
            None => (text, ""),
        };
        let stores = stores.split(',').map(str::trim).filter(|s| !s.is_empty());
        let stores = stores.map(|s| self.field_store(s)).collect::<Result<_, _>>()?;
        let (resume, mut rest) = text.split_once(' ').unwrap_or((text, ""));
        let resume = match resume {
            "before" => Resume::Before,
            "during" => Resume::During,
            other => return Err(format!("`{other}` is no way to resume")),
        };
        let mut frames = Vec::new();
        while !rest.trim().is_empty() {
            let (head, tail) = rest.split_once('[').ok_or("a frame without slots")?;
            let (slots, tail) = tail.split_once(']').ok_or("slots without an end")?;
            rest = tail;
            frames.push(self.frame(head.trim(), slots)?);
        }
        Ok(Snapshot { resume, frames, stores })
    }

    fn field_store(&self, text: &str) -> Result<FieldStore, String> {
        let (place, value) = text.split_once(':').ok_or_else(|| format!("`{text}` is no store"))?;
        let (object, offset) = place.split_once('+').ok_or_else(|| format!("`{place}` is no field"))?;
        Ok(FieldStore {
            object: self.value(object.trim())?,
            offset: number(offset.trim())?,
            value: self.value(value.trim())?,
        })
    }

    fn frame(&self, head: &str, slots: &str) -> Result<Frame, String> {
        let (head, continuation) = if let Some(head) = head.strip_suffix("finish-negated") {
            (head.trim(), Continuation::FinishNegated)
        } else if let Some(head) = head.strip_suffix("finish") {
            (head.trim(), Continuation::Finish)
        } else {
            (head, Continuation::Push)
        };
        let (place, func, generator) = match head.split_once(' ') {
            Some((p, f)) => match f.trim().split_once('=') {
                Some(("func", func)) => (p, self.slot(func)?, false),
                Some(("gen", generator)) => (p, self.slot(generator)?, true),
                _ => return Err(format!("`{f}` is no function")),
            },
            None => (head, SlotVal::UNCHANGED, false),
        };
        let (code, pc) = place
            .strip_prefix('c')
            .and_then(|p| p.split_once('@'))
            .ok_or_else(|| format!("`{place}` is no place in a code object"))?;
        let slots = slots.split(',').map(str::trim).filter(|s| !s.is_empty());
        Ok(Frame {
            code: CodeId(number(code)?),
            func,
            generator,
            pc: number(pc)?,
            slots: slots.map(|s| self.slot(s)).collect::<Result<_, _>>()?,
            continuation,
        })
    }

    fn slot(&self, text: &str) -> Result<SlotVal, String> {
        let (text, count) = match text.split_once(':') {
            Some((t, c)) => {
                let count = match c.trim() {
                    "steal" => Count::Steal,
                    "new" => Count::New,
                    "borrow" => Count::Borrow,
                    other => return Err(format!("`{other}` is no way to count")),
                };
                (t.trim(), Some(count))
            }
            None => (text, None),
        };
        let source = match text.split_once(' ') {
            Some(("box_i64", v)) => Source::BoxI64(self.value(v.trim())?),
            Some(("box_f64", v)) => Source::BoxF64(self.value(v.trim())?),
            Some(("box_bool", v)) => Source::BoxBool(self.value(v.trim())?),
            Some(("range_iter", fields)) => {
                let fields = fields.split_whitespace().map(|v| self.value(v)).collect::<Result<Vec<_>, _>>()?;
                let [start, len, step] = fields[..] else { return Err(format!("`{text}` has not three fields")) };
                Source::RangeIter { start, len, step }
            }
            Some(_) => return Err(format!("`{text}` is no slot")),
            None if text == "=" => Source::Unchanged,
            None if text == "null" => Source::Null,
            None if text.starts_with("0x") => Source::Const(integer(text)?),
            None => Source::Value(self.value(text)?),
        };
        let count = count.or(default_count(source)).ok_or_else(|| format!("`{text}` needs a count"))?;
        Ok(SlotVal { source, count })
    }
}

fn header_line(text: &str) -> Result<Trace, String> {
    let mut words = text.split_whitespace();
    let field = |words: &mut std::str::SplitWhitespace<'_>, name: &str| -> Result<u32, String> {
        let word = words.next().unwrap_or_default();
        number(word.strip_prefix(name).ok_or_else(|| format!("expected {name}"))?)
    };
    let kind = match words.next() {
        Some("root") => TraceKind::Root,
        Some("bridge") => {
            TraceKind::Bridge { parent: field(&mut words, "parent=")?, exit: field(&mut words, "exit=")? }
        }
        _ => return Err("a trace starts with `root` or `bridge`".into()),
    };
    let mut trace = Trace::new(kind);
    for word in words {
        if let Some(list) = word.strip_prefix("code=") {
            trace.codes = list.split(',').map(integer).collect::<Result<_, _>>()?;
        } else if let Some(list) = word.strip_prefix("entry=") {
            trace.entry = list.split(',').map(entry_param).collect::<Result<_, _>>()?;
        } else if let Some(mask) = word.strip_prefix("unowned=") {
            trace.unowned = integer(mask)?;
        } else {
            return Err(format!("`{word}` is no header field"));
        }
    }
    Ok(trace)
}

fn entry_param(text: &str) -> Result<EntryParam, String> {
    let (kind, source) = text.split_once(':').ok_or_else(|| format!("`{text}` is no entry parameter"))?;
    let kind = Kind::from_name(kind).ok_or_else(|| format!("no kind {kind}"))?;
    let source = if let Some(n) = source.strip_prefix("slot") {
        EntrySource::Slot(number(n)?)
    } else if let Some(n) = source.strip_prefix("lent") {
        EntrySource::Lent(number(n)?)
    } else if let Some(n) = source.strip_prefix("start") {
        let (slot, step) = n.split_once("by").map_or((n, None), |(slot, step)| (slot, Some(step)));
        EntrySource::RangeStart { slot: number(slot)?, step: step.map(number).transpose()? }
    } else if let Some(n) = source.strip_prefix("len") {
        EntrySource::RangeLen(number(n)?)
    } else if let Some(n) = source.strip_prefix("step") {
        EntrySource::RangeStep(number(n)?)
    } else if let Some(n) = source.strip_prefix('v') {
        EntrySource::Parent(ValueId(number(n)?))
    } else {
        return Err(format!("`{source}` is no entry source"));
    };
    Ok(EntryParam { kind, source })
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn immediate(op: Uop, text: &str) -> Result<u64, String> {
    if op == Uop::ConstF64 && !text.starts_with("0x") {
        return number::<f64>(text).map(f64::to_bits);
    }
    integer(text)
}

fn integer(text: &str) -> Result<u64, String> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).map_err(|_| format!("`{text}` is no number")),
        None => number::<i64>(text).map(|v| v as u64),
    }
}
