//! Contenders in turn, round after round, on the same bytes.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// One row of the table.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// Items in one pass, which every contender must count.
    pub(crate) items: usize,
    /// The bytes of one pass, and the size of the pieces they come in.
    pub(crate) wire: Vec<u8>,
    pub(crate) piece: usize,
    /// The peer's name.
    pub(crate) peer: &'static str,
    /// The most that our time may be of the peer's.
    pub(crate) bound: f64,
}

/// Goes over the pieces of a stream; the number of items found.
pub(crate) type Pass<'p> = &'p mut dyn FnMut(&[u8], usize) -> usize;

/// Runs rows with our pass and the peer's.
pub(crate) type Run<'r> = &'r mut dyn FnMut(Vec<Row>, Pass<'_>, Pass<'_>);

impl Row {
    /// Measures and prints the row; false where it is out of bounds.
    pub(crate) fn run(&self, rounds: usize, ours: Pass<'_>, theirs: Pass<'_>) -> bool {
        let mut buffer = vec![0; self.piece];
        let mut copy = |wire: &[u8], piece: usize| {
            for piece in wire.chunks(piece) {
                buffer[..piece.len()].copy_from_slice(piece);
                black_box(&mut buffer);
            }
            self.items
        };
        let mut contenders: [(Pass<'_>, Vec<f64>); 3] =
            [(&mut copy, Vec::new()), (ours, Vec::new()), (theirs, Vec::new())];
        let pass = |pass: &mut Pass<'_>, passes: usize| {
            let (start, mut items) = (Instant::now(), 0);
            for _ in 0..passes {
                items += pass(black_box(&self.wire), self.piece);
            }
            let elapsed = start.elapsed();
            assert_eq!(items, passes * self.items, "{}: not all was seen", self.name);
            elapsed
        };
        // One pass each that does not count says how many of them are to be timed.
        let (mut passes, mut slowest) = ([0; 3], Duration::from_nanos(1));
        for ((contender, _), passes) in contenders.iter_mut().zip(&mut passes) {
            let first = pass(contender, 1);
            // A short pass takes no longer than reading the clock does.
            let wanted = TIMED.as_nanos() / first.as_nanos().max(1) + 1;
            *passes = ITEMS.div_ceil(self.items).min(wanted as usize);
            slowest = slowest.max(first);
        }
        let rounds = rounds.min((BUDGET.as_nanos() / slowest.as_nanos()) as usize).max(FEWEST);
        for _ in 0..rounds {
            for ((contender, times), passes) in contenders.iter_mut().zip(passes) {
                let elapsed = pass(contender, passes);
                times.push(elapsed.as_nanos() as f64 / (passes * self.items) as f64);
            }
        }
        let [memcpy, ours, theirs] = contenders.map(|(_, times)| median(times));
        let speed = self.wire.len() as f64 / self.items as f64 / ours;
        println!(
            "| {} | {memcpy:.1} | {ours:.1} | {theirs:.1} {} | {speed:.2} | {:.2} | {:.2} | {:.2} |",
            self.name,
            self.peer,
            ours / memcpy,
            ours / theirs,
            self.bound,
        );
        ours / theirs <= self.bound
    }
}

/// Measures and prints a row without a peer; false where an item takes more than `bound` ns.
pub(crate) fn absolute(rounds: usize, name: &str, bound: f64, pass: &mut dyn FnMut()) -> bool {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..ITEMS {
            pass();
        }
        times.push(start.elapsed().as_nanos() as f64 / ITEMS as f64);
    }
    let ours = median(times);
    println!("| {name} | - | {ours:.1} | - | - | - | - | {bound:.0} ns |");
    ours <= bound
}

/// The least number of items that is timed, unless they take longer than this.
const ITEMS: usize = 2000;
const TIMED: Duration = Duration::from_millis(5);

/// What the rounds of a slow contender may take, unless they are as few as this.
const BUDGET: Duration = Duration::from_millis(500);
const FEWEST: usize = 5;

pub(crate) const HEADER: &str = "\
| row | memcpy, ns | wirefeed, ns | peer, ns | GB/s | to memcpy | to peer | bound |
|---|---|---|---|---|---|---|---|";

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
