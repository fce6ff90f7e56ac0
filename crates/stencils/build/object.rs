//! Compiling the stencil source and reading the object file.
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SymbolKind, elf};

/// One compiled stencil.
pub struct Function {
    pub code: Vec<u8>,
    pub relocs: Vec<Reloc>,
}

/// A relocation inside a function.
#[derive(Clone, Debug)]
pub struct Reloc {
    /// Relative to the function's start.
    pub offset: usize,
    pub kind: RelocKind,
    pub symbol: String,
    pub addend: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelocKind {
    Abs64,
    Signed32,
    Unsigned32,
    Branch,
}

/// Compiles `source` to `object` with the compiler that cargo uses.
pub fn compile(source: &Path, object: &Path, target: &str) -> Result<(), String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let options = [
        "-Copt-level=3",
        "-Crelocation-model=static",
        "-Ccode-model=medium",
        "-Cpanic=abort",
        "-Ccodegen-units=1",
        "-Cforce-unwind-tables=no",
        "-Coverflow-checks=off",
        "-Cdebug-assertions=off",
        "-Cdebuginfo=0",
    ];
    let output = Command::new(&rustc)
        .args(["--edition=2024", "--crate-type=lib", "--crate-name=stencils", "--emit=obj"])
        .args(options)
        .args(["--target", target, "-o"])
        .args([object, source])
        .output()
        .map_err(|e| format!("{}: {e}", rustc.display()))?;
    if !output.status.success() {
        return Err(format!("the stencils do not compile:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(())
}

/// The functions of `object` whose names start with `prefix`, by the rest of the name.
pub fn read(object: &Path, prefix: &str) -> Result<HashMap<String, Function>, String> {
    let data = std::fs::read(object).map_err(|e| format!("{}: {e}", object.display()))?;
    let file = object::File::parse(&*data).map_err(|e| format!("{}: {e}", object.display()))?;
    let mut functions = HashMap::new();
    for symbol in file.symbols().filter(|s| s.kind() == SymbolKind::Text) {
        let Some(name) = symbol.name().ok().and_then(|n| n.strip_prefix(prefix)) else { continue };
        let function = read_function(&file, &symbol).map_err(|e| format!("uop {name}: {e}"))?;
        functions.insert(name.to_string(), function);
    }
    Ok(functions)
}

fn read_function<'data>(file: &object::File<'data>, symbol: &object::Symbol<'data, '_>) -> Result<Function, String> {
    let index = symbol.section_index().ok_or("it is in no section")?;
    let section = file.section_by_index(index).map_err(|e| e.to_string())?;
    let data = section.data().map_err(|e| e.to_string())?;
    let (start, end) = (symbol.address() as usize, (symbol.address() + symbol.size()) as usize);
    let code = data.get(start..end).ok_or("its size is wrong")?.to_vec();
    let mut relocs = Vec::new();
    for (offset, reloc) in section.relocations() {
        if !(start..end).contains(&(offset as usize)) {
            continue;
        }
        let RelocationTarget::Symbol(target) = reloc.target() else {
            return Err("it has a relocation without symbol".into());
        };
        let target = file.symbol_by_index(target).map_err(|e| e.to_string())?;
        let name = match target.name() {
            Ok(n) if !n.is_empty() => n.to_string(),
            _ => target
                .section_index()
                .and_then(|i| file.section_by_index(i).ok()?.name().ok().map(str::to_string))
                .unwrap_or_default(),
        };
        let RelocationFlags::Elf { r_type } = reloc.flags() else { return Err("it is no ELF function".into()) };
        let kind = match r_type {
            elf::R_X86_64_64 => RelocKind::Abs64,
            elf::R_X86_64_32S => RelocKind::Signed32,
            elf::R_X86_64_32 => RelocKind::Unsigned32,
            elf::R_X86_64_PLT32 | elf::R_X86_64_PC32 if name.starts_with("HOLE_") => RelocKind::Branch,
            _ => return Err(format!("it has a relocation of type {r_type} to `{name}`, which no stencil may have")),
        };
        relocs.push(Reloc { offset: offset as usize - start, kind, symbol: name, addend: reloc.addend() });
    }
    Ok(Function { code, relocs })
}
