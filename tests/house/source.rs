//! Rust source as text: without comments, literals and tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The text of each file of `src/` that is compiled outside tests, by the path of its module, without
/// comments, literals and items under `#[cfg(test)]`.
pub(crate) fn modules() -> BTreeMap<Vec<String>, String> {
    let mut all = BTreeMap::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &[], &mut all);
    without_test_files(all)
}

fn read(folder: &Path, module: &[String], all: &mut BTreeMap<Vec<String>, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let mut inside = module.to_vec();
        if !["lib", "mod"].contains(&stem) {
            inside.push(stem.to_owned());
        }
        if path.is_dir() {
            read(&path, &inside, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.insert(inside, without_comments(&fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Drops items that are compiled for tests or documentation alone, and the files and folders of the modules among them.
pub(crate) fn without_test_files(
    mut all: BTreeMap<Vec<String>, String>,
) -> BTreeMap<Vec<String>, String> {
    let mut tests = Vec::new();
    for (module, text) in &mut all {
        let marks = ["#[cfg(test)]", "#[cfg(all(test,", "#[cfg(doc)]"];
        while let Some(start) = marks.iter().find_map(|mark| text.find(mark)) {
            let end = start + end_of_item(&text[start..]);
            let item = text[start..end].trim_end();
            if let Some(name) = item.strip_suffix(';').and_then(|item| item.rsplit_once("mod ")) {
                tests.push([module.as_slice(), &[name.1.to_owned()]].concat());
            }
            text.replace_range(start..end, "");
        }
    }
    all.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
    all
}

/// The length of the item at the start, with its attributes: up to its block's end or its semicolon.
fn end_of_item(text: &str) -> usize {
    let mut depth = 0;
    for (at, char) in text.char_indices() {
        match char {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' => depth -= 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Leaves out comments, and what stands in strings and character literals.
pub(crate) fn without_comments(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let previous_is_name = code.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if let Some(len) = raw_string(rest).filter(|_| !previous_is_name) {
            len
        } else if char == '"' {
            literal(rest, '"')
        } else if char == '\'' && is_char_literal(rest) {
            literal(rest, '\'')
        } else {
            code.push(char);
            rest = &rest[char.len_utf8()..];
            continue;
        };
        if !rest.starts_with('/') {
            code.push_str("\"\"");
        }
        rest = &rest[skipped..];
    }
    code
}

/// The length of a raw string at the start.
fn raw_string(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('r')?;
    let hashes = inside.len() - inside.trim_start_matches('#').len();
    inside[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 2;
    Some(start + text[start..].find(&close)? + close.len())
}

/// A quote begins a character, not a lifetime, where it is closed after one.
fn is_char_literal(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

fn literal(text: &str, quote: char) -> usize {
    let mut escaped = true; // the opening quote closes nothing
    for (at, char) in text.char_indices() {
        if char == quote && !escaped {
            return at + 1;
        }
        escaped = char == '\\' && !escaped;
    }
    text.len()
}
