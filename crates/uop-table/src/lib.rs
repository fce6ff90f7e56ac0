//! Reads the text of `crates/uops` into a table: the one source of truth for IR, executor, stencils and docs.
//!
//! A uop is a Rust item marked `#[uop(...)]`:
//! * a function with a body: a *stencil* uop, executed by its own body;
//! * a bodyless method of `trait Helpers`: a *call* uop, executed by calling a C-ABI function;
//! * a bodyless method of `trait Structural`: control and constants, which each consumer handles by hand.
//!
//! Facts in the attribute: `pure`; `reads(Heap, ..)`; `writes(Heap, ..)`; `commutes`; for calls one of `leaf`,
//! `allocates`, `escapes`. A stencil that returns `Step<T>` or `Step<()>` may leave the trace; a call marked
//! `null_exits` leaves it when the helper returns null.
#![forbid(unsafe_code)]

use std::path::Path;

use syn::spanned::Spanned;

/// What a value or operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A `PyObject*`.
    Obj,
    /// A machine integer.
    I64,
    /// A machine float.
    F64,
    /// 0 or 1 in an integer register.
    Bool,
    /// A raw pointer that is no object.
    Ptr,
}

/// How a uop is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By its own body, copied as machine code.
    Stencil,
    /// By calling a helper with the C ABI.
    Call,
    /// By hand in each consumer: constants, labels, jumps, escapes.
    Structural,
}

/// What else may happen, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Neither runs Python nor allocates GC objects.
    Leaf,
    /// May trigger the cyclic GC.
    Allocates,
    /// May run arbitrary Python code.
    Escapes,
}

/// An immediate operand and its width in bits (32 or 64).
#[derive(Clone, Debug)]
pub struct Imm {
    pub name: String,
    pub bits: u8,
}

/// One declared uop.
#[derive(Clone, Debug)]
pub struct UopDef {
    pub name: String,
    pub family: String,
    pub doc: String,
    pub form: Form,
    /// Value operands, in order.
    pub operands: Vec<(String, Kind)>,
    /// Immediate operands, in order (at most two).
    pub imms: Vec<Imm>,
    /// Whether the body takes the context (`Cx`).
    pub context: bool,
    /// Takes any number of further value operands (structural only).
    pub variadic: bool,
    pub result: Option<Kind>,
    /// May leave the trace through its snapshot.
    pub exits: bool,
    pub pure_: bool,
    pub commutes: bool,
    pub reads: Vec<String>,
    pub writes: Vec<String>,
    pub grade: Grade,
    /// The source of the item (attributes removed), for the stencil build.
    pub source: String,
    /// Parameter order as declared: `c` context, `v` value, `i` immediate.
    pub signature: String,
}

impl UopDef {
    /// The variant of `ir::Uop`: `IntAdd` of `int_add`.
    pub fn variant(&self) -> String {
        let word = |w: &str| {
            let mut c = w.chars();
            c.next().map(|f| f.to_ascii_uppercase()).into_iter().chain(c).collect::<String>()
        };
        self.name.split('_').map(word).collect()
    }
}

/// All uops, in declaration order, and the names of the heap classes they mention.
#[derive(Clone, Debug)]
pub struct Table {
    pub uops: Vec<UopDef>,
    pub heaps: Vec<String>,
}

/// Reads every `.rs` file of `dir` (the `src` of crate `uops`), in name order.
///
/// # Errors
/// A sentence naming the file, line and what is wrong with the declaration.
pub fn read(dir: &Path) -> Result<Table, String> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .map_err(|e| format!("{}: {e}", dir.display()))?
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|x| x == "rs"))
        .collect();
    files.sort();
    let mut uops = Vec::new();
    for path in files {
        let family = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let file = syn::parse_file(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        read_file(&file, &family, &mut uops)
            .map_err(|e| format!("{}:{}: {e}", path.display(), e.span().start().line))?;
    }
    let mut heaps: Vec<String> = uops.iter().flat_map(|u| u.reads.iter().chain(&u.writes)).cloned().collect();
    heaps.sort();
    heaps.dedup();
    for (n, u) in uops.iter().enumerate() {
        if uops[..n].iter().any(|o| o.name == u.name) {
            return Err(format!("uop {} is declared twice", u.name));
        }
    }
    Ok(Table { uops, heaps })
}

fn read_file(file: &syn::File, family: &str, out: &mut Vec<UopDef>) -> syn::Result<()> {
    for item in &file.items {
        match item {
            syn::Item::Fn(f) => {
                if let Some(attr) = uop_attr(&f.attrs) {
                    out.push(read_def(family, Form::Stencil, attr, &f.attrs, &f.sig, Some(f))?);
                }
            }
            syn::Item::Trait(t) => {
                let form = if t.ident == "Helpers" { Form::Call } else { Form::Structural };
                for item in &t.items {
                    if let syn::TraitItem::Fn(f) = item
                        && let Some(attr) = uop_attr(&f.attrs)
                    {
                        out.push(read_def(family, form, attr, &f.attrs, &f.sig, None)?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn uop_attr(attrs: &[syn::Attribute]) -> Option<&syn::Attribute> {
    attrs.iter().find(|a| a.path().is_ident("uop"))
}

fn read_def(
    family: &str,
    form: Form,
    attr: &syn::Attribute,
    attrs: &[syn::Attribute],
    sig: &syn::Signature,
    body: Option<&syn::ItemFn>,
) -> syn::Result<UopDef> {
    let mut def = UopDef {
        name: sig.ident.to_string(),
        family: family.to_string(),
        doc: doc_text(attrs),
        form,
        operands: Vec::new(),
        imms: Vec::new(),
        context: false,
        variadic: false,
        result: None,
        exits: false,
        pure_: false,
        commutes: false,
        reads: Vec::new(),
        writes: Vec::new(),
        grade: Grade::Leaf,
        source: String::new(),
        signature: String::new(),
    };
    if def.doc.is_empty() {
        return Err(syn::Error::new(sig.span(), "a uop needs a doc comment"));
    }
    read_facts(attr, &mut def)?;
    for input in &sig.inputs {
        let syn::FnArg::Typed(arg) = input else {
            return Err(syn::Error::new(input.span(), "a uop takes no self"));
        };
        let name = quote::ToTokens::to_token_stream(&arg.pat).to_string();
        match type_name(&arg.ty).as_str() {
            "Cx" => {
                def.context = true;
                def.signature.push('c');
            }
            bits @ ("Imm32" | "Imm64") => {
                def.imms.push(Imm { name, bits: if bits == "Imm32" { 32 } else { 64 } });
                def.signature.push('i');
            }
            "Values" => def.variadic = true,
            ty => {
                def.operands.push((name, kind(ty, arg.span())?));
                def.signature.push('v');
            }
        }
    }
    if form == Form::Call && def.signature.contains("iv") {
        return Err(syn::Error::new(sig.span(), "a helper takes its immediates after its values"));
    }
    if def.imms.len() > 2 {
        return Err(syn::Error::new(sig.span(), "a uop has at most two immediates"));
    }
    if let syn::ReturnType::Type(_, ty) = &sig.output {
        let mut name = type_name(ty);
        if let Some(inner) = name.strip_prefix("Step<").and_then(|n| n.strip_suffix('>')) {
            def.exits = true;
            name = inner.to_string();
        }
        if name != "()" {
            def.result = Some(kind(&name, ty.span())?);
        }
    }
    if let Some(f) = body {
        let mut f = f.clone();
        f.attrs.clear();
        def.source = quote::ToTokens::to_token_stream(&f).to_string();
    }
    Ok(def)
}

fn read_facts(attr: &syn::Attribute, def: &mut UopDef) -> syn::Result<()> {
    if matches!(attr.meta, syn::Meta::Path(_)) {
        return Ok(());
    }
    attr.parse_nested_meta(|meta| {
        let name = meta.path.require_ident()?.to_string();
        let list = |into: &mut Vec<String>| -> syn::Result<()> {
            meta.parse_nested_meta(|heap| {
                into.push(heap.path.require_ident()?.to_string());
                Ok(())
            })
        };
        match name.as_str() {
            "pure" => def.pure_ = true,
            "commutes" => def.commutes = true,
            "exits" | "null_exits" => def.exits = true,
            "leaf" => def.grade = Grade::Leaf,
            "allocates" => def.grade = Grade::Allocates,
            "escapes" => def.grade = Grade::Escapes,
            "reads" => list(&mut def.reads)?,
            "writes" => list(&mut def.writes)?,
            _ => return Err(meta.error(format!("unknown fact `{name}`"))),
        }
        Ok(())
    })
}

fn doc_text(attrs: &[syn::Attribute]) -> String {
    let mut lines = Vec::new();
    for attr in attrs.iter().filter(|a| a.path().is_ident("doc")) {
        if let syn::Meta::NameValue(nv) = &attr.meta
            && let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(s), .. }) = &nv.value
        {
            lines.push(s.value().trim().to_string());
        }
    }
    lines.join(" ")
}

fn type_name(ty: &syn::Type) -> String {
    quote::ToTokens::to_token_stream(ty).to_string().replace(' ', "")
}

fn kind(name: &str, span: proc_macro2::Span) -> syn::Result<Kind> {
    Ok(match name {
        "Obj" => Kind::Obj,
        "I64" => Kind::I64,
        "F64" => Kind::F64,
        "Bool" => Kind::Bool,
        "Ptr" => Kind::Ptr,
        _ => {
            return Err(syn::Error::new(span, format!("`{name}` is no operand type")));
        }
    })
}
