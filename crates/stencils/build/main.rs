//! Compiles every stencil uop to machine code, checks it, and writes the table of templates.
//!
//! Nothing in Rust guarantees that these functions come out as straight code with tail calls. So each is checked, and
//! the build fails with one sentence that names the uop rather than produce a wrong template.
mod decode;
mod encode;
mod object;
mod roles;
mod source;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use uop_table::{Form, Imm, UopDef};

use crate::encode::{Piece, Template};
use crate::object::{Function, RelocKind};
use crate::roles::Constraints;

fn main() {
    if let Err(e) = run() {
        eprintln!("error: {e}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), String> {
    let var = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set: run this through cargo"));
    let uops = Path::new(&var("CARGO_MANIFEST_DIR")?).join("../uops/src");
    println!("cargo::rerun-if-changed={}", uops.display());
    println!("cargo::rerun-if-changed=build");
    let uops = uops.canonicalize().map_err(|e| format!("{}: {e}", uops.display()))?;
    let out = PathBuf::from(var("OUT_DIR")?);
    let table = uop_table::read(&uops)?;
    let target = var("TARGET")?;

    let mut text = format!("pub(crate) static TEMPLATES: [Option<Template>; {}] = [\n", table.uops.len());
    let stencils: Vec<&UopDef> = table.uops.iter().filter(|u| u.form == Form::Stencil).collect();
    let functions = if target.starts_with("x86_64-") && target.contains("linux") {
        let (source, object) = (out.join("source.rs"), out.join("stencils.o"));
        std::fs::write(&source, source::generate(&uops, &stencils))
            .map_err(|e| format!("{}: {e}", source.display()))?;
        object::compile(&source, &object, &target)?;
        Some(object::read(&object, source::PREFIX)?)
    } else {
        None
    };
    for def in &table.uops {
        match (&functions, def.form) {
            (Some(functions), Form::Stencil) => {
                let function = functions.get(&def.name).ok_or(format!("uop {}: the object lacks it", def.name))?;
                let (template, constraints) = extract(def, function)
                    .map_err(|e| format!("uop {}: its machine code makes no stencil: {e}", def.name))?;
                write(&mut text, def, &template, &constraints);
            }
            _ => text.push_str("    None,\n"),
        }
    }
    text.push_str("];\n");
    std::fs::write(out.join("templates.rs"), text).map_err(|e| format!("{}: {e}", out.display()))
}

fn extract(def: &UopDef, function: &Function) -> Result<(Template, Constraints), String> {
    let mut steps = decode::decode(function)?;
    decode::break_false_dependencies(&mut steps);
    let (roles, constraints) = roles::assign(def, &steps)?;
    let template = encode::encode(&steps, &roles)?;
    if def.exits == (template.hot.exits.is_empty() && template.cold.exits.is_empty()) {
        return Err("its declared exits and its jumps out disagree".into());
    }
    for (n, Imm { name, bits }) in def.imms.iter().enumerate() {
        let holes: Vec<_> = template.hot.holes.iter().chain(&template.cold.holes).filter(|h| h.imm == n).collect();
        let wide = *bits == 64;
        if holes.is_empty() || holes.iter().any(|h| wide != (h.kind == RelocKind::Abs64)) {
            return Err(format!("immediate `{name}` became no hole of its width"));
        }
    }
    Ok((template, constraints))
}

fn write(text: &mut String, def: &UopDef, t: &Template, c: &Constraints) {
    writeln!(
        text,
        "    // {}\n    Some(Template {{ hot: {}, cold: {}, into_cold: &{:?}, back: &{:?}, tied: {:?}, destroyed: {}, early: {}, late_out: {}, temps: {} }}),",
        def.name,
        piece(&t.hot),
        piece(&t.cold),
        t.into_cold,
        t.back,
        c.tied,
        c.destroyed,
        c.early,
        c.late_out,
        c.temps
    )
    .expect("writing to a string");
}

fn piece(p: &Piece) -> String {
    let fields: Vec<_> = p
        .fields
        .iter()
        .map(|f| {
            format!(
                "Field {{ slot: {}, at: {}, shift: {}, rex: {}, rex_bit: {} }}",
                f.slot, f.at, f.shift, f.rex, f.rex_bit
            )
        })
        .collect();
    let holes: Vec<_> = p
        .holes
        .iter()
        .map(|h| {
            let kind = match h.kind {
                RelocKind::Abs64 => "Abs64",
                RelocKind::Signed32 => "Signed32",
                RelocKind::Unsigned32 => "Unsigned32",
                RelocKind::Branch => unreachable!("branches are no immediates"),
            };
            format!("Hole {{ at: {}, imm: {}, kind: HoleKind::{kind}, addend: {} }}", h.at, h.imm, h.addend)
        })
        .collect();
    format!(
        "Piece {{ bytes: &{:?}, fields: &[{}], holes: &[{}], exits: &{:?} }}",
        p.bytes,
        fields.join(", "),
        holes.join(", "),
        p.exits
    )
}
