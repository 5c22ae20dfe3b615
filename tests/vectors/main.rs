//! Other projects' cases, read from the folder that `WIREFEED_VECTORS` names, answered as by
//! `inspect batch`: at their own chunks, whole, and byte by byte.
//!
//! Every row is run, or listed with the reason; a row that no table knows fails, and so does a listed
//! difference that no longer differs.
//!
//! The cases belong to their authors, and the folder they come in asks that none be copied: they are not
//! in this repository. A test harness of its own names, in the last line, the suites that are skipped.

#[path = "../../examples/support/mod.rs"]
mod support;

mod h1_h11;
mod h1_httparse;
mod h1_hyper_chunk;
mod h1_hyper_role;
mod h1_llhttp;
mod h1_picohttpparser;
mod heads;
mod hosts;
mod rows;
mod sse;
mod sse_connection;
mod ws;
mod ws_autobahn;
mod ws_pages;
mod ws_rfc8441;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, thread};

use rows::Suite;

const SUITES: &[Suite] = &[
    h1_h11::SUITE,
    h1_httparse::SUITE,
    h1_hyper_chunk::SUITE,
    h1_hyper_role::SUITE,
    h1_llhttp::SUITE,
    h1_picohttpparser::SUITE,
    sse::SUITE,
    sse_connection::SUITE,
    ws::SUITE,
    ws_autobahn::SUITE,
    ws_rfc8441::SUITE,
];

/// Understands of the usual harness's arguments: names, `--skip`, `--exact`, `--list`, `--nocapture`.
fn main() -> ExitCode {
    let mut chosen: Vec<&Suite> = SUITES.iter().collect();
    let (mut names, mut skipped) = (Vec::new(), Vec::new());
    let (mut is_exact, mut is_list, mut shows_rows, mut ignored_alone) =
        (false, false, false, false);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--skip" => skipped.extend(arguments.next()),
            "--exact" => is_exact = true,
            "--list" => is_list = true,
            "--ignored" => ignored_alone = true,
            "--nocapture" | "--no-capture" | "--show-output" => shows_rows = true,
            "--test-threads" | "--format" | "--color" | "-Z" | "--logfile" => _ = arguments.next(),
            name if !name.starts_with('-') => names.push(argument),
            _ => {}
        }
    }
    let is_named = |suite: &Suite, names: &[String]| {
        names
            .iter()
            .any(|name| if is_exact { suite.name == name } else { suite.name.contains(name) })
    };
    chosen.retain(|suite| names.is_empty() || is_named(suite, &names));
    chosen.retain(|suite| !is_named(suite, &skipped) && !ignored_alone);
    if is_list {
        chosen.iter().for_each(|suite| println!("{}: test", suite.name));
        return ExitCode::SUCCESS;
    }
    match env::var_os("WIREFEED_VECTORS").map(PathBuf::from) {
        Some(folder) => run(&folder, &chosen, shows_rows),
        None if chosen.is_empty() => ExitCode::SUCCESS,
        None => {
            let files: Vec<&str> = chosen.iter().map(|suite| suite.file).collect();
            println!("skipped, since WIREFEED_VECTORS is not set: {}", files.join(", "));
            ExitCode::SUCCESS
        }
    }
}

fn run(folder: &Path, suites: &[&Suite], shows_rows: bool) -> ExitCode {
    let (mut passed, mut failed) = (0, Vec::new());
    thread::scope(|scope| {
        let run = |suite: &Suite| {
            let file = folder.join(suite.file);
            let lines = fs::read_to_string(&file);
            suite.run(&lines.unwrap_or_else(|error| panic!("{}: {error}", file.display())))
        };
        let threads: Vec<_> = suites
            .iter()
            .map(|suite| {
                let named = thread::Builder::new().name(suite.name.to_owned());
                (suite, named.spawn_scoped(scope, move || run(suite)).unwrap())
            })
            .collect();
        for (suite, thread) in threads {
            let Ok(report) = thread.join() else {
                failed.push(suite.name);
                continue;
            };
            passed += 1;
            let (counts, rows) = report.split_last().unwrap();
            if shows_rows {
                rows.iter().for_each(|row| println!("  {row}"));
            }
            println!("{}: {counts}", suite.file);
        }
    });
    println!(
        "vectors: {passed} suites passed, {} failed{}",
        failed.len(),
        match failed.as_slice() {
            [] => String::new(),
            failed => format!(": {}", failed.join(", ")),
        }
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
