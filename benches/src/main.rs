//! Rows of wirefeed beside `memcpy` and a peer, all in one process, in turn.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml -- [--check] [FILTER]
//! ```

mod deflate;
mod encode;
mod exchange;
mod h1;
mod handshake;
mod measure;
mod pico;
mod sse;
mod sse_encode;
mod ws;
mod ws_peers;
mod ws_send;

use std::process::ExitCode;

use measure::{HEADER, Pass, Row};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = arguments.iter().any(|argument| argument == "--check");
    let filter = arguments.iter().find(|argument| !argument.starts_with("--"));
    let wanted = |name: &str| filter.is_none_or(|filter| name.contains(filter.as_str()));
    let mut slow = Vec::new();
    let mut run = |rows: Vec<Row>, ours: Pass<'_>, theirs: Pass<'_>| {
        for row in rows {
            if wanted(&row.name) && !row.run(ROUNDS, ours, theirs) {
                slow.push(format!("{} ({})", row.name, row.peer));
            }
        }
    };
    println!("{HEADER}");
    ws::rows(&mut run);
    ws_send::rows(&mut run);
    handshake::rows(&mut run);
    deflate::rows(&mut run);
    sse::rows(&mut run);
    sse_encode::rows(&mut run);
    let pico = pico::Pico::load();
    h1::chunk_rows(&mut run, pico.as_ref());
    encode::chunks(&mut run);
    h1::head_rows(&mut run, pico.as_ref());
    exchange::rows(&mut run);
    slow.extend(encode::shared(ROUNDS, wanted));
    slow.extend(ws_send::shared(ROUNDS, wanted));
    if check && !slow.is_empty() {
        eprintln!("out of bounds: {}", slow.join("; "));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

const ROUNDS: usize = 31;
