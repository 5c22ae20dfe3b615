//! The page `tests/README.md` lists every suite, and nothing that does not exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How a line begins in a file that holds tests.
const MARKS: &[&str] = &["#[test]", "proptest!", "laws! {", "pub(crate) const SUITE: Suite"];

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Whether a file, or one of its modules, holds tests.
fn holds_tests(file: &Path) -> bool {
    if file.extension().is_none_or(|extension| extension != "rs") {
        return false;
    }
    let text = fs::read_to_string(file).unwrap();
    let modules = file.with_extension("");
    text.lines().any(|line| MARKS.iter().any(|mark| line.starts_with(mark)))
        || modules.is_dir() && entries(&modules).iter().any(|module| holds_tests(module))
}

/// Each suite: a file of Rust that holds tests, or a folder of scripts.
fn suites() -> BTreeSet<String> {
    let root = tests();
    let mut all = BTreeSet::new();
    for group in entries(&root).into_iter().filter(|path| path.is_dir()) {
        let is_cargo = group.join("main.rs").exists();
        for path in entries(&group) {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            if is_cargo && holds_tests(&path) {
                all.insert(name);
            } else if path.is_dir() && entries(&path).iter().any(|it| it.ends_with("run.sh")) {
                all.insert(format!("{name}/"));
            }
        }
        if group.join("check.sh").exists() {
            all.insert(format!("{}/", group.file_name().unwrap().to_str().unwrap()));
        }
    }
    all
}

/// The cells of each row of the page's tables.
fn rows(page: &str) -> Vec<Vec<&str>> {
    page.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn the_page_lists_every_suite() {
    let page = fs::read_to_string(tests().join("README.md")).unwrap();
    let rows = rows(&page);
    let listed: BTreeSet<String> = rows.iter().map(|row| row[0].trim_matches('`').into()).collect();
    assert_eq!(listed.len(), rows.len(), "a suite is listed twice");
    let suites = suites();
    assert!(suites.len() > 30, "only {suites:?}");
    let missing: Vec<&String> = suites.difference(&listed).collect();
    assert!(missing.is_empty(), "tests/README.md does not list {missing:?}");
    for suite in &listed {
        assert!(tests().join(suite).exists(), "missing: tests/{suite}");
    }
}

#[test]
fn each_row_says_what_is_proved_with_what_and_how_to_run_it() {
    let page = fs::read_to_string(tests().join("README.md")).unwrap();
    for row in rows(&page) {
        let suite = row[0];
        assert!(row.len() == 4 && row.iter().all(|cell| !cell.is_empty()), "{suite}: {row:?}");
        for command in row[3].split("; ") {
            let command =
                command.rsplit('`').nth(1).unwrap_or_else(|| panic!("{suite}: {command}"));
            let words: Vec<&str> = command.split(' ').collect();
            if let Some(at) = words.iter().position(|word| *word == "--test") {
                let group = tests().join(words[at + 1]);
                assert!(group.join("main.rs").exists(), "{suite}: {command}");
            } else if words[0] != "cargo" {
                let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(words[0]);
                assert!(script.exists(), "{suite}: {command}");
            }
        }
    }
}
