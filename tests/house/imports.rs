//! Imports point down: the picture of the layers, read from the paths in `src/`.
//!
//! ```text
//!            sse::client  sse::server     lifecycles
//!                 |   |    |    replay
//!     h1         sse codecs       ws      protocols: none imports another
//!                     kernel
//! ```
//!
//! A path counts wherever it stands, and leads to the file that defines the name, through re-exports. A
//! re-export is itself an import only of a file that also uses the name. No circle of files remains,
//! that of a parent and its own submodule included.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::source;

type Path = Vec<String>;

/// A path in a file, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    from: Path,
    to: Path,
    written: String,
    /// Handed on, and not used in the file.
    is_page: bool,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = [&self.from, &self.to].map(|path| match path.len() {
            0 => "lib".to_owned(),
            _ => path.join("/"),
        });
        write!(f, "{from} imports {to} (`{}`)", self.written)
    }
}

/// A module, in a file of its own or in another's.
#[derive(Default)]
struct Module {
    /// What each name that it imports stands for, and whether it is handed on.
    bound: BTreeMap<String, (Path, bool)>,
    /// Paths in its code, with two segments at least.
    paths: BTreeSet<Path>,
    /// All names in its code.
    names: BTreeSet<String>,
}

struct Tree {
    modules: BTreeMap<Path, Module>,
    files: BTreeSet<Path>,
}

impl Tree {
    fn of(sources: &BTreeMap<Path, String>) -> Self {
        let mut modules = BTreeMap::new();
        for (file, text) in sources {
            Parser { tokens: &tokens(text), at: 0, modules: &mut modules }.module(file);
        }
        Self { modules, files: sources.keys().cloned().collect() }
    }

    /// The file that holds a module.
    fn file_of(&self, module: &[String]) -> Path {
        let mut module = module.to_vec();
        while !self.files.contains(&module) {
            module.pop();
        }
        module
    }

    /// The module that defines what a path in `module` names; `None` for another crate's.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        let child = [module, std::slice::from_ref(first)].concat();
        match first.as_str() {
            "crate" => self.descend(Path::new(), rest, depth),
            "self" => self.descend(module.to_vec(), rest, depth),
            "super" => {
                let mut above = module.to_vec();
                above.pop()?;
                let mut rest = rest;
                while rest.first().is_some_and(|segment| segment == "super") {
                    above.pop()?;
                    rest = &rest[1..];
                }
                self.descend(above, rest, depth)
            }
            _ if self.modules.contains_key(&child) => self.descend(child, rest, depth),
            name => self.through(module, name, rest, depth),
        }
    }

    fn descend(&self, mut module: Path, path: &[String], depth: usize) -> Option<Path> {
        for (at, name) in path.iter().enumerate() {
            module.push(name.clone());
            if !self.modules.contains_key(&module) {
                module.pop();
                let rest = &path[at + 1..];
                let binds = self.modules.get(&module).is_some_and(|it| it.bound.contains_key(name));
                return if binds { self.through(&module, name, rest, depth) } else { Some(module) };
            }
        }
        Some(module)
    }

    /// What a name that a module imports stands for.
    fn through(
        &self,
        module: &[String],
        name: &str,
        rest: &[String],
        depth: usize,
    ) -> Option<Path> {
        let (bound, _) = self.modules.get(module)?.bound.get(name)?;
        let path = [bound.as_slice(), rest].concat();
        (depth > 0 && path != [name]).then(|| self.resolve(module, &path, depth - 1))?
    }

    /// Whether a path goes beyond what its first name stands for.
    fn leads_on(&self, module: &[String], path: &[String]) -> bool {
        self.resolve(module, path, 8) != self.resolve(module, &path[..1], 8)
    }

    fn imports(&self) -> BTreeSet<Import> {
        let mut all = BTreeSet::new();
        for (name, module) in &self.modules {
            let from = self.file_of(name);
            let mut add = |path: &Path, is_page| {
                let Some(to) = self.resolve(name, path, 8).map(|to| self.file_of(&to)) else {
                    return;
                };
                if to != from {
                    let written = path.join("::");
                    all.insert(Import { from: from.clone(), to, written, is_page });
                }
            };
            for (bound, (path, is_public)) in &module.bound {
                add(path, *is_public && !module.names.contains(bound));
            }
            for path in &module.paths {
                // What an imported name leads to is counted where it is imported.
                if !module.bound.contains_key(&path[0]) || self.leads_on(name, path) {
                    add(path, false);
                }
            }
        }
        all
    }
}

/// Names, `::`, and single characters.
fn tokens(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_name = |char: char| char.is_alphanumeric() || char == '_';
        let len = match rest.find(|char| !is_name(char)).unwrap_or(rest.len()) {
            0 if rest.starts_with("::") => 2,
            0 => first.len_utf8(),
            len => len,
        };
        all.push(&rest[..len]);
        rest = rest[len..].trim_start();
    }
    all
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    at: usize,
    modules: &'a mut BTreeMap<Path, Module>,
}

impl<'a> Parser<'a> {
    fn peek(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).copied().unwrap_or_default()
    }

    fn next(&mut self) -> &'a str {
        let token = self.peek(0);
        self.at += 1;
        token
    }

    /// Reads to the end of a file, or of a module's block.
    fn module(&mut self, name: &Path) {
        let mut module = Module::default();
        let (mut depth, mut is_public) = (0_usize, false);
        while self.at < self.tokens.len() {
            let token = self.next();
            match token {
                "use" => {
                    self.tree(&Path::new(), is_public, &mut module.bound);
                    is_public = false;
                }
                "mod" if self.peek(1) == "{" => {
                    let inside = [name.as_slice(), &[self.next().to_owned()]].concat();
                    self.next();
                    self.module(&inside);
                }
                "pub" => {
                    is_public =
                        self.peek(0) == "use" || self.peek(1) == "crate" && self.peek(3) == "use";
                    if self.peek(0) == "(" {
                        while self.next() != ")" {}
                    }
                }
                // A macro's `$crate::..` is a path of where it is expanded.
                "$" => {
                    while is_name(self.peek(0)) || self.peek(0) == "::" {
                        self.next();
                    }
                }
                "{" => depth += 1,
                "}" if depth == 0 => break,
                "}" => depth -= 1,
                _ if is_name(token) => {
                    module.names.insert(token.to_owned());
                    let mut path = vec![token.to_owned()];
                    while self.peek(0) == "::" && is_name(self.peek(1)) {
                        self.next();
                        path.push(self.next().to_owned());
                    }
                    if path.len() > 1 {
                        module.paths.insert(path);
                    }
                }
                _ => {}
            }
        }
        self.modules.insert(name.clone(), module);
    }

    /// Reads what follows `use`, or stands in its braces.
    fn tree(&mut self, prefix: &Path, is_public: bool, bound: &mut BTreeMap<String, (Path, bool)>) {
        let mut path = prefix.clone();
        loop {
            match self.next() {
                "::" => continue,
                "{" => {
                    while self.peek(0) != "}" {
                        self.tree(&path, is_public, bound);
                        if self.peek(0) == "," {
                            self.next();
                        }
                    }
                    self.next();
                    return;
                }
                "as" => {
                    let name = self.next().to_owned();
                    // Several traits may be imported as `_`.
                    let name = if name == "_" { format!("_ {}", path.join("::")) } else { name };
                    bound.insert(name, (path, is_public));
                    return;
                }
                "self" if !path.is_empty() && path.last().is_none_or(|last| last != "super") => {}
                token if is_name(token) => path.push(token.to_owned()),
                _ => return,
            }
            if !["::", "{", "as"].contains(&self.peek(0)) && self.peek(0) != "*" {
                bound.insert(path.last().unwrap().clone(), (path, is_public));
                return;
            }
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|char: char| char.is_alphabetic() || char == '_')
}

fn is_in(module: &[String], folders: &[&str]) -> bool {
    folders.iter().any(|folder| {
        let mut names = folder.split("::");
        let mut module = module.iter();
        names.all(|name| module.next().is_some_and(|segment| segment == name))
    })
}

/// Imports that the picture does not have, each with the rule against it.
fn upward(imports: &BTreeSet<Import>) -> Vec<String> {
    const PROTOCOLS: &[&str] = &["h1", "sse", "ws"];
    const LIFECYCLES: &[&str] = &["sse::client", "sse::server"];
    let mut wrong = Vec::new();
    for import in imports {
        let (from, to) = (&import.from[..], &import.to[..]);
        let is_page = from.is_empty() || from == ["sse"] && import.is_page;
        // A name of the kernel, taken from the root that shows it.
        let of_the_root = import.written.starts_with("crate::") && !is_kernel_path(&import.written);
        let rule = if is_page || is_in(from, &["guide"]) {
            continue;
        } else if is_in(from, &["kernel"]) {
            (!is_in(to, &["kernel"]) || of_the_root).then_some("the kernel imports itself alone")
        } else if is_in(from, &["replay"]) {
            (!is_in(to, &["kernel", "replay"])).then_some("replay imports the kernel alone")
        } else if let Some(own) = PROTOCOLS.iter().find(|protocol| is_in(from, &[protocol])) {
            if !is_in(to, &["kernel", "replay", own]) {
                Some("a protocol imports the kernel and replay alone")
            } else if is_in(from, LIFECYCLES) {
                let others: Vec<&str> =
                    LIFECYCLES.iter().copied().filter(|other| !is_in(from, &[other])).collect();
                is_in(to, &others).then_some("one lifecycle does not import another")
            } else if is_in(to, LIFECYCLES) {
                Some("a codec does not import a lifecycle")
            } else {
                is_in(to, &["replay"]).then_some("a codec does not import replay")
            }
        } else {
            Some("no layer has this module")
        };
        wrong.extend(rule.map(|rule| format!("{import}: {rule}")));
    }
    wrong
}

fn is_kernel_path(written: &str) -> bool {
    written == "crate::kernel" || written.starts_with("crate::kernel::")
}

/// Circles of files, each with the imports that make it.
fn circles(imports: &BTreeSet<Import>) -> Vec<Vec<String>> {
    let mut reached: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    let edges: Vec<&Import> = imports.iter().filter(|import| !import.is_page).collect();
    for import in &edges {
        reached.entry(&import.from).or_default().insert(&import.to);
    }
    loop {
        let before: usize = reached.values().map(BTreeSet::len).sum();
        for file in reached.keys().copied().collect::<Vec<_>>() {
            let next: BTreeSet<&Path> =
                reached[file].iter().filter_map(|to| reached.get(to)).flatten().copied().collect();
            reached.get_mut(file).unwrap().extend(next);
        }
        if before == reached.values().map(BTreeSet::len).sum() {
            break;
        }
    }
    let reaches = |from, to| reached.get(from).is_some_and(|all| all.contains(to));
    let mut circles: BTreeMap<BTreeSet<&Path>, Vec<String>> = BTreeMap::new();
    for import in edges.iter().filter(|import| reaches(&import.to, &import.from)) {
        let from = &import.from;
        let files = reached[from].iter().filter(|file| reaches(file, from)).copied().collect();
        circles.entry(files).or_default().push(import.to_string());
    }
    circles.into_values().collect()
}

#[test]
fn imports_point_down() {
    let tree = Tree::of(&source::modules());
    let imports = tree.imports();
    assert!(imports.len() > 200, "only {} imports are found", imports.len());
    let wrong = upward(&imports);
    assert!(wrong.is_empty(), "{} wrong imports: {wrong:#?}", wrong.len());
}

#[test]
fn no_circle_of_files() {
    let circles = circles(&Tree::of(&source::modules()).imports());
    assert!(circles.is_empty(), "{} circles: {circles:#?}", circles.len());
}

/// The imports of the real source with one more in a file.
fn with(file: &str, import: &str) -> BTreeSet<Import> {
    let mut sources = source::modules();
    let file: Path = file.split("::").map(str::to_owned).collect();
    sources.get_mut(&file).unwrap().push_str(import);
    Tree::of(&sources).imports()
}

#[test]
fn a_wrong_import_is_caught() {
    for (file, import) in [
        ("kernel::step", "use crate::h1::Error;"),
        ("kernel::step", "use crate::Blame;"),
        ("kernel::text", "fn f() -> crate::ws::CloseCode {}"),
        ("h1::body", "use crate::{Step, ws::{self, CloseCode}};"),
        ("sse::line", "use crate::h1;"),
        ("sse::line", "use super::client::EventSource;"),
        ("sse::line", "use crate::replay::Replay;"),
        ("sse::server", "use super::client::EventSource as Source;"),
        ("ws::frame", "mod inside { use crate::sse::Decoder as _; }"),
        ("replay", "use crate::sse::line::Decoder;"),
    ] {
        let before = upward(&Tree::of(&source::modules()).imports()).len();
        assert!(upward(&with(file, import)).len() > before, "`{import}` in {file} is not caught");
    }
}

#[test]
fn a_right_import_is_not() {
    for (file, import) in [
        ("sse::line", "use crate::Step; use crate::kernel::error::Blame;"),
        ("sse::server", "use crate::replay::Replay; use crate::sse::line::Decoder;"),
        ("sse::line", "#[cfg(test)] mod more { use crate::ws::CloseCode; }"),
        ("sse::line", "#[cfg(doc)] use crate::ws::CloseCode;"),
        ("sse::line", "/* use crate::ws; */ const A: &str = \"use crate::ws;\"; // use crate::ws;"),
    ] {
        let before = upward(&Tree::of(&source::modules()).imports());
        let mut sources = source::modules();
        let path: Path = file.split("::").map(str::to_owned).collect();
        sources.get_mut(&path).unwrap().push_str(&source::without_comments(import));
        let after = upward(&Tree::of(&source::without_test_files(sources)).imports());
        assert_eq!(after, before, "`{import}` in {file}");
    }
}

#[test]
fn a_circle_is_caught() {
    let sources = |files: &[(&str, &str)]| -> BTreeMap<Path, String> {
        let path =
            |file: &str| file.split("::").filter(|it| !it.is_empty()).map(str::to_owned).collect();
        files.iter().map(|(file, text)| (path(file), (*text).to_owned())).collect()
    };
    let page = ("", "mod a; mod b; pub use a::A; pub use b::B;");
    let circle = sources(&[page, ("a", "use crate::B; struct A(B);"), ("b", "use super::A;")]);
    assert_eq!(circles(&Tree::of(&circle).imports()).len(), 1);
    // A page that only hands on what its submodules define, and is asked for a name of its own.
    let page = ("", "mod a; mod b; pub use a::A; pub use b::B; struct C;");
    let line = sources(&[page, ("a", "use crate::{B, C};"), ("b", "struct B;")]);
    assert_eq!(circles(&Tree::of(&line).imports()), Vec::<Vec<String>>::new());
    // It uses what it hands on.
    let page = ("", "mod a; pub use a::A; struct C(A);");
    let circle = sources(&[page, ("a", "use super::C;")]);
    assert_eq!(circles(&Tree::of(&circle).imports()).len(), 1);
}
