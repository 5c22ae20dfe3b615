//! Suites of rows, the jobs that rows are made into, and what is common to their verdicts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::hosts::{self, Hosts};
use crate::support::batch;

/// Whether a row came out as expected, or how not.
pub(crate) type Verdict = Result<(), String>;

/// Reasons, and the rows that differ for each.
pub(crate) type Differences = &'static [(&'static str, &'static [&'static str])];

/// A file and how its rows are judged.
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    /// The prefixes of its ids.
    pub(crate) known: &'static [&'static str],
    pub(crate) total: usize,
    pub(crate) differences: &'static [Differences],
    pub(crate) elsewhere: Elsewhere,
    pub(crate) verdict: fn(&Value) -> Verdict,
}

/// The rows that are not run, and the reasons.
pub(crate) enum Elsewhere {
    /// These, each of which is in the file.
    Rows(Differences),
    /// Those for which this gives a reason.
    Judged(fn(&Value) -> Option<&'static str>),
}

impl Suite {
    /// Runs the rows of a file and compares the verdicts with the list of differences; a line for each
    /// row that differs or is not run, and one with the counts.
    pub(crate) fn run(&self, lines: &str) -> Vec<String> {
        let (mut report, mut ids, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        let mut elsewhere: Vec<(&str, usize)> = Vec::new();
        for line in lines.lines() {
            let row = parse(line);
            let id = row["id"].as_str().unwrap().to_owned();
            assert!(
                self.known.iter().any(|prefix| id.starts_with(prefix)),
                "{id} has no known prefix"
            );
            assert!(!ids.contains(&id), "{id} stands in the file twice");
            if let Some(why) = self.elsewhere.reason(&row) {
                match elsewhere.iter_mut().find(|(reason, _)| *reason == why) {
                    Some((_, count)) => *count += 1,
                    None => elsewhere.push((why, 1)),
                }
            } else {
                match ((self.verdict)(&row), self.difference(&id)) {
                    (Ok(()), Some(_)) => wrong.push(format!("{id} is listed and does not differ")),
                    (Err(how), None) => wrong.push(format!("{id}: {how}")),
                    (Err(how), Some(why)) => report.push(format!("{id} differs: {how}: {why}")),
                    (Ok(()), None) => {}
                }
            }
            ids.push(id);
        }
        let listed: Vec<&str> = self.differences().flat_map(|(_, ids)| *ids).copied().collect();
        for id in listed.iter().chain(&self.elsewhere.listed()) {
            assert!(ids.iter().any(|known| known == id), "{id} is listed, but not in the file");
        }
        let mut not_run = 0;
        for (why, count) in elsewhere {
            report.push(format!("{count} rows are not run: {why}"));
            not_run += count;
        }
        let (run, total) = (ids.len() - not_run, ids.len());
        report.push(format!("{run} run, {} listed, {total} in all", listed.len() + not_run));
        assert!(wrong.is_empty(), "{}: {wrong:#?}", self.file);
        assert_eq!(total, self.total, "{}: the number of rows", self.file);
        report
    }

    fn difference(&self, id: &str) -> Option<&'static str> {
        self.differences().find(|(_, ids)| ids.contains(&id)).map(|(why, _)| *why)
    }

    fn differences(
        &self,
    ) -> impl Iterator<Item = &'static (&'static str, &'static [&'static str])> {
        self.differences.iter().copied().flatten()
    }
}

/// A row; a lone surrogate in it, which no text holds, stays as the escape that it is written as.
fn parse(line: &str) -> Value {
    let escaped = |_| serde_json::from_str(&line.replace(r"\ud", r"\\ud"));
    serde_json::from_str(line).or_else(escaped).unwrap()
}

impl Elsewhere {
    fn reason(&self, row: &Value) -> Option<&'static str> {
        match self {
            Self::Rows(rows) => {
                let id = row["id"].as_str().unwrap();
                rows.iter().find(|(_, ids)| ids.contains(&id)).map(|(why, _)| *why)
            }
            Self::Judged(reason) => reason(row),
        }
    }

    /// The ids that are named.
    fn listed(&self) -> Vec<&'static str> {
        match self {
            Self::Rows(rows) => rows.iter().flat_map(|(_, ids)| *ids).copied().collect(),
            Self::Judged(_) => Vec::new(),
        }
    }
}

/// Input for a decoder.
pub(crate) struct Job {
    pub(crate) kind: &'static str,
    pub(crate) input: Vec<u8>,
    /// The lengths of the row's own chunks; none is one chunk.
    pub(crate) chunks: Vec<usize>,
    /// Further keys of the job.
    pub(crate) more: Value,
}

impl Job {
    pub(crate) fn new(kind: &'static str, input: Vec<u8>, more: Value) -> Self {
        Self { kind, input, chunks: Vec::new(), more }
    }

    /// The answer, which must not depend on the cut. Requests without `Host` are asked about as if they
    /// had one.
    pub(crate) fn ask(&self) -> Value {
        let (input, hosts) = match self.kind {
            "request" => hosts::added(&self.input, |input| self.ask_about(input)),
            _ => (self.input.clone(), Hosts::default()),
        };
        let mut answer = self.ask_about(&input);
        hosts.remove(&mut answer);
        answer
    }

    fn ask_about(&self, input: &[u8]) -> Value {
        let mut whole = self.more.clone();
        whole["kind"] = json!(self.kind);
        whole["input"] = json!(STANDARD.encode(input));
        let (mut own, mut bytes) = (whole.clone(), whole.clone());
        own["options"]["chunks"] = json!(self.chunks);
        bytes["cut"] = json!(1);
        let [own, whole, bytes] =
            [own, whole, bytes].map(|job| batch::answer(&job.to_string()).unwrap());
        for other in [whole, bytes] {
            for key in ["items", "error", "output"] {
                assert_eq!(other[key], own[key], "{}", input.escape_ascii());
            }
        }
        own
    }

    /// Whether the input is refused for one of its bytes, or left, as what follows a connection's last
    /// message is (RFC 9112 9.6).
    ///
    /// A head is judged once it has ended; one that has not is ended here.
    pub(crate) fn refused(&self) -> Verdict {
        let ended = |end: &[u8]| self.input.windows(end.len()).any(|window| window == end);
        let mut input = self.input.clone();
        if self.kind != "chunked" && !ended(b"\n\r\n") && !ended(b"\n\n") {
            input.extend(b"\r\n\r\n");
        }
        let answer = Self::new(self.kind, input, self.more.clone()).ask();
        let left =
            self.kind != "chunked" && answer["consumed"].as_u64() < Some(self.input.len() as u64);
        match answer["error"]["at"].as_u64() {
            None if left && items(&answer, &["upgrade"]).is_empty() => Ok(()),
            None => Err("accepted".into()),
            Some(at) if at < self.input.len() as u64 => Ok(()),
            Some(at) => Err(format!("refused at {at} only")),
        }
    }

    /// Whether the `n`th item of these kinds comes with the last byte before `at`.
    pub(crate) fn comes_at(&self, kinds: &[&str], n: usize, at: &Value) -> Verdict {
        let at = usize::try_from(at.as_u64().unwrap()).unwrap();
        let counts = [at - 1, at].map(|len| {
            let answer = Self::new(self.kind, self.input[..len].to_vec(), self.more.clone()).ask();
            items(&answer, kinds).len()
        });
        equal(&format!("{kinds:?} before and at {at}"), &json!(counts), &json!([n - 1, n]))
    }
}

pub(crate) fn bytes(base64: &Value) -> Vec<u8> {
    STANDARD.decode(base64.as_str().unwrap()).unwrap()
}

/// The items of some kinds.
pub(crate) fn items<'a>(answer: &'a Value, kinds: &[&str]) -> Vec<&'a Value> {
    let all = answer["items"].as_array().unwrap();
    all.iter().filter(|item| kinds.iter().any(|kind| item["item"] == *kind)).collect()
}

/// All data of these items, in base64.
pub(crate) fn body<'a>(items: impl IntoIterator<Item = &'a Value>) -> Value {
    let data = items.into_iter().filter(|item| item["item"] == "data");
    json!(STANDARD.encode(data.flat_map(|item| bytes(&item["bytes"])).collect::<Vec<_>>()))
}

pub(crate) fn sizes(answer: &Value) -> Value {
    items(answer, &["chunk"]).iter().map(|item| item["size"].clone()).collect()
}

pub(crate) fn equal(what: &str, found: &Value, expected: &Value) -> Verdict {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what} {found} instead of {expected}"))
}
