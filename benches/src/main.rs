//! Rows of wirefeed beside `memcpy` and a peer, all in one process, in turn.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml -- [--check] [FILTER]
//! ```

mod h1;
mod measure;
mod sse;
mod ws;

use std::process::ExitCode;

use measure::{HEADER, Pass, Row};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = arguments.iter().any(|argument| argument == "--check");
    let filter = arguments.iter().find(|argument| !argument.starts_with("--"));
    let mut slow = Vec::new();
    let mut run = |rows: Vec<Row>, ours: Pass<'_>, theirs: Pass<'_>| {
        for row in rows {
            let wanted = filter.is_none_or(|filter| row.name.contains(filter.as_str()));
            if wanted && !row.run(ROUNDS, ours, theirs) {
                slow.push(row.name);
            }
        }
    };
    println!("{HEADER}");
    run(ws::rows(), &mut ws::ours, &mut ws::theirs);
    run(sse::rows(), &mut sse::ours, &mut sse::theirs);
    run(h1::chunk_rows(), &mut h1::chunks, &mut h1::httparse_chunks);
    run(vec![h1::head_row()], &mut h1::heads, &mut h1::httparse_heads);
    if check && !slow.is_empty() {
        eprintln!("out of bounds: {}", slow.join("; "));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

const ROUNDS: usize = 31;
